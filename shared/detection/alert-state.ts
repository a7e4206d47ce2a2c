/** One alert as it grows. */
import type { LedgerEntry } from '../inventory/ledger.ts';
import { type Alert, CONFIDENCES, type Evidence, type Finding, SEVERITIES, type StoryLine } from '../schema/alert.ts';
import type { Binding } from '../schema/observation.ts';
import { formatTime, type Micros, parseTime } from '../time.ts';
import { AlertLife } from './alert-life.ts';
import { AlertUses, MAX_LIST } from './alert-uses.ts';
import { TECHNIQUES } from './attack.ts';
import { type Exhibit, toEvidence } from './exhibit.ts';
import { endTheft } from './kill-actions.ts';
import { rulesById } from './rules/by-id.ts';
import { nameOf, tell } from './story.ts';

const MAX_FINDINGS = 100;
const MAX_EVIDENCE = 500;
const MAX_TRIAGE = 8;

export class AlertState {
  readonly id: string;
  readonly #cluster: string;
  readonly #life = new AlertLife();
  #findings: Finding[] = [];
  #findingsTotal = 0;
  #evidence = new Map<string, Evidence>();
  #evidenceTotal = 0;
  #first: Micros | undefined;
  #last: Micros = 0;
  readonly #uses = new AlertUses();
  #credentials = new Set<string>();
  #beginning: StoryLine | undefined;
  /** Until when each credential lives, where that is known. */
  readonly #expiries = new Map<string, Micros>();

  constructor(id: string, cluster: string) {
    this.id = id;
    this.#cluster = cluster;
  }

  static from(alert: Alert): AlertState {
    const state = new AlertState(alert.id, alert.cluster);
    state.#life.adopt(alert);
    state.#findings = [...alert.findings];
    state.#findingsTotal = alert.counts.findings;
    state.#evidence = new Map(alert.evidence.map((item) => [item.id, { ...item, rules: [...item.rules] }]));
    state.#evidenceTotal = alert.evidenceTotal;
    state.#first = parseTime(alert.firstSeen);
    state.#last = parseTime(alert.lastSeen) ?? 0;
    state.#uses.restore(alert);
    state.#credentials = new Set([
      ...(alert.credential === null ? [] : [alert.credential]),
      ...alert.relatedCredentials,
    ]);
    const [beginning] = alert.story;
    if (beginning && beginning.observation === undefined) state.#beginning = beginning;
    if (alert.credential !== null) state.#expire(alert.credential, parseTime(alert.expiresAt ?? ''));
    return state;
  }

  get lastSeen(): Micros {
    return this.#last;
  }

  /** How loud it is: what is let go of first when there are too many. Closed ones are quietest. */
  get rank(): number {
    return this.isClosed ? -1 : SEVERITIES.indexOf(this.#severity());
  }

  get isClosed(): boolean {
    return this.#life.isClosed;
  }

  /** Closed for so long that what comes now is something else. */
  isOver(now: Micros): boolean {
    return this.#life.isOver(now);
  }

  /** What people have made of it. */
  adopt(alert: Alert): void {
    this.#life.adopt(alert);
  }

  /** What of a finding was not known when it was closed, as a sentence. */
  newsIn(finding: Finding, exhibits: readonly Exhibit[]): string | undefined {
    if (!this.isClosed) return undefined;
    return this.#life.newsIn(finding, exhibits, {
      rules: new Set(this.#findings.map(({ rule }) => rule)),
      severity: this.#severity(),
      isAwayAt: (address) => this.#isAwayAt(address),
    });
  }

  reopen(): void {
    this.#life.reopen();
  }

  /** False when all of it was known already. */
  add(finding: Finding, exhibits: readonly Exhibit[], ledger: LedgerEntry | undefined): boolean {
    const known = this.#findings.findIndex(({ id }) => id === finding.id);
    const before = known < 0 ? undefined : this.#findings[known];
    if (before && SEVERITIES.indexOf(before.severity) >= SEVERITIES.indexOf(finding.severity)) return false;
    if (before) {
      this.#findings[known] = finding;
    } else {
      this.#findingsTotal += 1;
      this.#keep(finding);
    }
    for (const exhibit of exhibits) this.#exhibit(exhibit, finding);
    if (finding.credential) this.#note(finding.credential.id);
    for (const key of finding.keys) if (key.startsWith('credential:')) this.#note(key.slice('credential:'.length));
    if (ledger) this.#expire(ledger.id, ledger.expiresAt);
    if (ledger?.issued && !this.#beginning) {
      const { time, by, address } = ledger.issued;
      const at = address === null ? '' : ` at ${address}`;
      const since = ledger.supersededAt;
      const newer = since === undefined ? '' : ` Its pod has had a newer one since ${formatTime(since)}.`;
      this.#beginning = {
        time,
        sentence: `${ledger.id} was issued for ${nameOf(ledger.principal)} to ${by}${at}.${newer}`,
      };
    }
    return true;
  }

  /** As it is now: what changes later changes nothing in what was rendered. */
  render(now: Micros): Alert {
    const lead = this.#lead();
    const credential = lead.credential ?? this.#findings.find((finding) => finding.credential)?.credential;
    const binding: Binding = lead.binding ?? this.#findings.find((finding) => finding.binding?.pod)?.binding ?? {};
    const confidence = strongest(
      this.#findings.map((finding) => finding.confidence),
      CONFIDENCES,
    );
    const surest = lead.confidence === confidence ? undefined : this.#findings.find((f) => f.confidence === confidence);
    const expiresAt = this.#expiries.get(credential?.id ?? '');
    const ruleIds = [...new Set(this.#findings.map((finding) => finding.rule))];
    const evidence = [...this.#evidence.values()].map((item) => ({ ...item, rules: [...item.rules] }));
    return {
      type: 'alert',
      schema: 1,
      id: this.id,
      cluster: this.#cluster,
      ...this.#life.render(now),
      title: lead.title,
      summary: this.#summary(lead),
      severity: this.#severity(),
      confidence,
      confidenceWhy: surest ? `${lead.confidenceWhy} ${surest.confidenceWhy}` : lead.confidenceWhy,
      principal: lead.principal,
      credential: credential?.id ?? null,
      credentialKind: credential?.kind ?? null,
      binding,
      ...(expiresAt !== undefined && { expiresAt: formatTime(expiresAt) }),
      sources: this.#uses.sources(),
      relatedCredentials: [...this.#credentials].filter((id) => id !== credential?.id).slice(0, MAX_LIST),
      rules: ruleIds,
      attack: [...new Set(this.#findings.flatMap((finding) => finding.attack))].map((id) => ({
        id,
        ...(TECHNIQUES[id as keyof typeof TECHNIQUES] ?? { name: id, tactic: 'unknown' }),
      })),
      firstSeen: formatTime(this.#first ?? now),
      lastSeen: formatTime(this.#last),
      counts: { findings: this.#findingsTotal, observations: this.#evidenceTotal },
      findings: [...this.#findings],
      evidence,
      evidenceTotal: this.#evidenceTotal,
      story: tell({
        beginning: this.#beginning,
        evidence,
      }),
      did: this.#uses.did(),
      actions: endTheft(lead, this.#findings, (id) => this.#expiries.get(id)),
      triage: [...new Set(this.#loudestRules().flatMap((id) => rulesById.get(id)?.triage ?? []))].slice(0, MAX_TRIAGE),
    };
  }

  /**
   * The finding that the alert is named after: the loudest, and of those the surest and earliest. What led to the theft of
   * a credential (an exec, say) is by somebody else, so it comes second to the credential.
   */
  #lead(): Finding {
    const ofCredential = this.#findings.filter((finding) => finding.credential);
    const [first, ...rest] = ofCredential.length > 0 ? ofCredential : this.#findings;
    if (!first) throw new RangeError('an alert without findings');
    return rest.reduce((best, finding) => (weight(finding) > weight(best) ? finding : best), first);
  }

  #severity(): Finding['severity'] {
    const severities = this.#findings.map(({ severity }) => severity);
    return strongest(severities, SEVERITIES);
  }

  /** What isn't counted among the sources (a kubelet's requests) is in the evidence. */
  #isAwayAt(address: string): boolean {
    if (this.#uses.isAwayAt(address)) return true;
    return [...this.#evidence.values()].some(
      ({ source, placement }) => source === address && placement?.startsWith('away') === true,
    );
  }

  #loudestRules(): string[] {
    const byWeight = [...this.#findings].sort((a, b) => weight(b) - weight(a));
    return [...new Set(byWeight.map(({ rule }) => rule))];
  }

  #summary(lead: Finding): string {
    const sources = this.#uses.allSources();
    const total = sources.reduce((sum, { count }) => sum + count, 0);
    if (total <= 1) return lead.summary;
    const places = sources.map(({ address, where }) => `${address} (${WHERE[where] ?? where})`);
    const shown = places.slice(0, 3).join(', ') + (places.length > 3 ? ` and ${places.length - 3} more` : '');
    const refused = this.#uses.refused > 0 ? `, ${this.#uses.refused} refused` : '';
    const principals = this.#usedAway();
    const [whose, was] =
      principals.size > 1
        ? [`Tokens of ${principals.size} accounts`, 'were']
        : [`The token of ${nameOf(lead.principal)}`, 'was'];
    const reader = this.#readerOf(principals);
    const stolen = reader === undefined ? '' : ` read by ${reader}, and then`;
    return `${whose} ${was}${stolen} used away from home ${total} times, from ${shown}${refused}.`;
  }

  /** Whose tokens were used away from home, as far as the evidence is kept. */
  #usedAway(): Set<string | undefined> {
    const uses = [...this.#evidence.values()].filter(({ placement }) => placement?.startsWith('away'));
    return new Set(uses.map(({ principal }) => principal));
  }

  /** Who got at one of their tokens first. */
  #readerOf(principals: ReadonlySet<string | undefined>): string | undefined {
    const reads = [...this.#evidence.values()].filter(({ reader, denied }) => reader !== undefined && !denied);
    return reads.find(({ principal }) => principals.has(principal))?.reader;
  }

  /** Bounded: the first half and the newest half of what a rule says are kept, and each rule's loudest. */
  #keep(finding: Finding): void {
    this.#findings.push(finding);
    if (this.#findings.length <= MAX_FINDINGS) return;
    const spare = this.#findings.findIndex(
      (old, at) =>
        at >= MAX_FINDINGS / 2 &&
        this.#findings.some((other, index) => index !== at && other.rule === old.rule && weight(other) >= weight(old)),
    );
    this.#findings.splice(spare < 0 ? MAX_FINDINGS / 2 : spare, 1);
  }

  #exhibit(exhibit: Exhibit, finding: Finding): void {
    const { observation, placement } = exhibit;
    const known = this.#evidence.get(observation.id);
    if (known) {
      if (!known.rules.includes(finding.rule)) known.rules.push(finding.rule);
      return;
    }
    this.#evidenceTotal += 1;
    this.#evidence.set(observation.id, toEvidence(exhibit, finding.rule));
    if (this.#evidence.size > MAX_EVIDENCE) {
      const middle = [...this.#evidence.keys()][MAX_EVIDENCE / 2] as string;
      this.#evidence.delete(middle);
    }
    this.#first = Math.min(this.#first ?? observation.time, observation.time);
    this.#last = Math.max(this.#last, observation.time);
    if (observation.kind === 'use') this.#uses.add(observation, placement);
  }

  #expire(credential: string, at: Micros | undefined): void {
    if (at !== undefined && this.#expiries.size < 200) this.#expiries.set(credential, at);
  }

  #note(credential: string): void {
    if (this.#credentials.size < 200) this.#credentials.add(credential);
  }
}

const WHERE: Readonly<Record<string, string>> = {
  internet: 'on the internet',
  'outside-cluster': 'outside the cluster',
  'other-node': 'another node',
  'other-pod': 'another pod',
  host: 'the node itself',
};

/** Of findings that are as loud and as sure, that of the graver rule weighs more. */
const weight = ({ severity, confidence, rule }: Finding): number =>
  SEVERITIES.indexOf(severity) * 100 +
  CONFIDENCES.indexOf(confidence) * 10 +
  SEVERITIES.indexOf(rulesById.get(rule)?.severity ?? 'info');

function strongest<T extends string>(values: readonly T[], order: readonly T[]): T {
  return order[Math.max(0, ...values.map((value) => order.indexOf(value)))] as T;
}
