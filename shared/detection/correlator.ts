/**
 * The pure heart of the collector and of `truant hunt`: takes observations of one cluster in the order in which they come,
 * decides where each use was made from, asks the rules, and keeps the alerts. Driven by event time alone.
 */

import { BoundedMap } from '../inventory/bounded-map.ts';
import type { LedgerEntry } from '../inventory/ledger.ts';
import { nodeOfKubelet } from '../normalise/principal.ts';
import type { Alert, Finding } from '../schema/alert.ts';
import type { Exception } from '../schema/handling.ts';
import type {
  FileObservation,
  Observation,
  Relation,
  RequestObservation,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { type Micros, SECOND } from '../time.ts';
import { AlertBook } from './alert-book.ts';
import type { CorrelatorPort, Outcome } from './correlator-types.ts';
import { Engine } from './engine.ts';
import { Exceptions } from './exceptions.ts';
import type { Exhibit, Witnessed } from './exhibit.ts';
import { Forwarded } from './forwarded.ts';
import { Memory } from './memory.ts';
import { placeKubelet } from './place-kubelet.ts';
import { place } from './placement.ts';
import type { PlacementContext } from './placement-context.ts';
import { defaultPolicy, type Policy } from './policy.ts';
import { suspiciousReads } from './reads/suspicious.ts';
import { readerOf } from './reads/words.ts';
import type { RuleScope } from './rule.ts';
import { rules } from './rules/index.ts';

export interface CorrelatorOptions {
  cluster: string;
  policy?: Policy;
  /** Which rules to run here; the collector leaves `node` to the agents. */
  scopes?: readonly RuleScope[];
}

/** Decisions that wait are looked at again when event time has gone on by this much. */
const SWEEP_EVERY: Micros = SECOND / 4;
/** Each time that so many wait, looking at them all again is put off by as much again. */
const FEW_WAITING = 1_000;
/** More than these don't wait: the oldest is decided with what is known. */
const MAX_WAITING = 20_000;

const FORWARDED: Placement = {
  verdict: 'unclear',
  reason: 'behind-proxy',
  confidence: 'low',
  sentence: 'The API server forwarded it to an aggregated API; where it came from is told with the request itself.',
};

const DECIDING: Placement = {
  verdict: 'unclear',
  reason: 'deciding',
  confidence: 'low',
  sentence: 'Waiting a moment for what other requests show.',
};

/** How a request by a ServiceAccount was judged, for the TokenRequest that it may have been. */
interface Judged {
  verdict: Placement['verdict'];
  sentence: string;
}

export class Correlator implements CorrelatorPort {
  readonly #policy: Policy;
  readonly #engine: Engine;
  readonly #memory: Memory;
  readonly #book: AlertBook;
  readonly #exceptions: Exceptions;
  readonly #verdicts = new BoundedMap<string, Judged>(20_000);
  readonly #issues = new BoundedMap<string, TokenIssue>(5_000);
  readonly #placed = new BoundedMap<string, Placement>(20_000);
  /** By time, however they came: a theft is told from its beginning. */
  #waiting: (TokenUse | TokenIssue)[] = [];
  readonly #forwarded = new Forwarded((use) => this.#isFromControlPlane(use));
  #now: Micros = 0;
  #swept: Micros = 0;
  #restoring = false;
  #placements = new Map<string, Placement>();

  /** Made once: it is asked for with every use. */
  readonly #context: PlacementContext;

  constructor({ cluster, policy = defaultPolicy, scopes = ['node', 'cluster'] }: CorrelatorOptions) {
    this.#policy = policy;
    this.#memory = new Memory({ learningPeriod: policy.learningPeriod });
    this.#engine = new Engine(rules, scopes, policy);
    this.#book = new AlertBook(cluster);
    this.#exceptions = new Exceptions(cluster);
    const memory = this.#memory;
    const { ledger, masquerade, paths, learned } = memory;
    this.#context = {
      ledger,
      masquerade,
      paths,
      learned,
      policy,
      now: 0,
      isControlPlane: (address) => memory.isControlPlane(address),
      secretReads: (credential, time) => memory.secretReads(credential, ledger.get(credential)?.principal ?? '', time),
    };
  }

  get forgotten(): number {
    return this.#memory.ledger.evicted;
  }

  process(observations: readonly Observation[], findings: readonly Finding[]): Outcome {
    // Each with what it is about, so that however a stream is cut into batches, the same comes of it.
    const byTrigger = new Map<string | undefined, Finding[]>();
    for (const finding of findings) {
      const [trigger] = finding.observations;
      const others = byTrigger.get(trigger);
      if (others) others.push(finding);
      else byTrigger.set(trigger, [finding]);
    }
    for (const observation of observations) {
      this.#take(observation);
      for (const finding of byTrigger.get(observation.id) ?? []) this.#file(finding);
      byTrigger.delete(observation.id);
    }
    for (const finding of [...byTrigger.values()].flat()) this.#file(finding);
    return this.#outcome();
  }

  advance(now: Micros): Outcome {
    this.#now = Math.max(this.#now, now);
    if (this.#forwarded.isDue(this.#now)) this.#release(this.#now);
    if (this.#waiting.length > 0) this.#sweep(this.#now);
    return this.#outcome();
  }

  flush(): Outcome {
    this.#release(Number.POSITIVE_INFINITY);
    this.#sweep(Number.POSITIVE_INFINITY);
    return this.#outcome();
  }

  adopt(alert: Alert): void {
    this.#book.adopt(alert);
  }

  except(exceptions: readonly Exception[]): void {
    this.#exceptions.set(exceptions);
  }

  restore(observations: Iterable<Observation>, alerts: Iterable<Alert>): void {
    const known = [...alerts].sort((a, b) => Number(a.status === 'closed') - Number(b.status === 'closed'));
    for (const alert of known) this.#book.restore(alert);
    // What was found then is in the alerts, or in alerts that were closed long since; what still waits is yet to be found.
    this.#restoring = true;
    for (const observation of observations) this.#take(observation);
    for (const alert of known) this.#resuspect(alert);
    this.#restoring = false;
    this.#placements.clear();
  }

  /** The read itself may be too long ago to be among the observations. */
  #resuspect({ findings, evidence }: Alert): void {
    for (const { rule, observations, credential, time, keys, confidence } of findings) {
      const item = evidence.find(({ id }) => id === observations[0]);
      if (!suspiciousReads.has(rule) || !credential || item?.reader === undefined) continue;
      const relation: Relation = keys.some((key) => key.startsWith('pod:')) ? 'in-container' : 'host';
      const suspect = { observation: item.id, time, relation, reader: item.reader, isDoubtful: confidence === 'low' };
      this.#memory.suspects.add(credential.id, suspect);
    }
  }

  #outcome(): Outcome {
    const placements = this.#placements;
    this.#placements = new Map();
    const suppressed = this.#exceptions.takeSuppressed();
    const reopened = this.#book.takeReopened();
    return {
      placements,
      alerts: this.#book.takeChanged(this.#now),
      ...(suppressed && { suppressed }),
      ...(reopened.length > 0 && { reopened }),
    };
  }

  #take(observation: Observation): void {
    // By an agent's own clock, and every minute: one that is wrong would have others decided too soon.
    if (observation.kind === 'heartbeat') return;
    this.#now = Math.max(this.#now, observation.seen);
    if (observation.kind === 'status') return;
    if (observation.kind === 'read' || observation.kind === 'file') {
      this.#takeOfFile(observation);
      return;
    }
    if (this.#forwarded.isDue(this.#now)) this.#release(this.#now);
    const fate = this.#forwarded.meet(observation);
    if (fate === 'judge') this.#judge(observation);
    else if (observation.kind === 'use') this.#note(observation, fate === 'wait' ? DECIDING : FORWARDED);
    if (this.#waiting.length > 0 && this.#now - this.#swept >= this.#sweepEvery()) this.#sweep(this.#now);
  }

  /** What happens on a node has no place to be judged. */
  #takeOfFile(observation: FileObservation): void {
    this.#memory.observe(observation);
    this.#evaluate(observation, undefined);
    if (observation.kind === 'read') this.#memory.profiles.learn(observation);
  }

  #isFromControlPlane({ source, whereabouts }: TokenUse): boolean {
    const network = whereabouts?.network;
    if (network === 'control-plane' || network === 'loopback') return true;
    return source.address !== null && this.#memory.isControlPlane(source.address);
  }

  #release(now: Micros): void {
    const { forwarded, due } = this.#forwarded.release(now);
    for (const use of forwarded) this.#note(use, FORWARDED);
    for (const observation of due) this.#judge(observation);
  }

  #judge(observation: RequestObservation): void {
    this.#memory.observe(observation);
    if (observation.kind !== 'use' && observation.kind !== 'issue') {
      this.#evaluate(observation, undefined);
    } else if (!this.#decide(observation, this.#now)) {
      this.#wait(observation);
    }
  }

  #wait(observation: TokenUse | TokenIssue): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.time ?? 0) > observation.time) at -= 1;
    this.#waiting.splice(at, 0, observation);
    this.#note(observation, DECIDING);
    if (this.#waiting.length <= MAX_WAITING) return;
    const oldest = this.#waiting.shift();
    if (oldest) this.#decide(oldest, Number.POSITIVE_INFINITY);
  }

  /** Behind a gateway everything waits for its full time: the more that is, the less often one needs to look. */
  #sweepEvery(): Micros {
    return SWEEP_EVERY * (1 + Math.floor(this.#waiting.length / FEW_WAITING));
  }

  #sweep(now: Micros): void {
    this.#swept = this.#now;
    this.#waiting = this.#waiting.filter((observation) => !this.#decide(observation, now));
  }

  #note({ id }: TokenUse | TokenIssue, placement: Placement): void {
    this.#placements.set(id, placement);
    this.#placed.set(id, placement);
  }

  /** False when waiting will tell. */
  #decide(observation: TokenUse | TokenIssue, now: Micros): boolean {
    return observation.kind === 'use' ? this.#decideUse(observation, now) : this.#decideIssue(observation, now);
  }

  #decideUse(use: TokenUse, now: Micros): boolean {
    const placement = place(use, this.#contextAt(now));
    if (!placement) return false;
    this.#note(use, placement);
    this.#memory.judged(use, placement);
    if (use.request.subresource === 'token') {
      this.#verdicts.set(requestKey(use), { verdict: placement.verdict, sentence: placement.sentence });
      const issue = this.#issues.peek(requestKey(use));
      if (issue && placement.verdict === 'away') this.#taint(issue, placement.sentence);
    }
    this.#evaluate(use, placement);
    return true;
  }

  #decideIssue(issue: TokenIssue, now: Micros): boolean {
    const node = nodeOfKubelet(issue.actor.username);
    if (node === undefined) {
      this.#followMinter(issue);
      this.#evaluate(issue, undefined);
      return true;
    }
    const placement = placeKubelet(node, issue, { paths: this.#memory.paths, policy: this.#policy, now });
    if (!placement) return false;
    this.#note(issue, placement);
    if (placement.verdict === 'away') this.#taint(issue, placement.sentence);
    this.#evaluate(issue, placement);
    return true;
  }

  /** What a stolen credential had issued is the thief's too. */
  #followMinter(issue: TokenIssue): void {
    const { principal, credential } = issue.actor;
    if (principal === undefined) return;
    this.#issues.set(requestKey(issue), issue);
    const request = this.#verdicts.peek(requestKey(issue));
    const minter = credential && this.#memory.ledger.get(credential.id);
    if (request?.verdict === 'away') this.#taint(issue, request.sentence);
    else if (minter?.tainted !== undefined) this.#taint(issue, minter.tainted);
  }

  /** A credential issued to a thief: every use of it is the theft going on, those that were seen already too. */
  #taint(issue: TokenIssue, why: string): void {
    const entry = issue.issued === undefined ? undefined : this.#memory.ledger.get(issue.issued);
    if (!entry || entry.tainted !== undefined) return;
    entry.tainted = `${entry.id} was issued to a thief: ${why}`;
    this.#evaluate(issue, this.#placed.peek(issue.id));
    for (const use of this.#memory.recentUses(entry.id)) this.#evaluate(use, this.#placed.peek(use.id));
  }

  /** A credential whose file was read by somebody who had no business to: what it was used for since is looked at again. */
  #suspect(read: TokenRead, { confidence }: Finding): void {
    if (!read.credential || !this.#memory.suspect(read, readerOf(read), confidence === 'low')) return;
    this.#evaluate(read, undefined);
    for (const use of this.#memory.recentUses(read.credential.id)) {
      this.#evaluate(use, this.#placed.peek(use.id));
    }
  }

  #evaluate(observation: Witnessed, placement: Placement | undefined): void {
    const id = 'credential' in observation ? observation.credential?.id : undefined;
    const entry = id === undefined ? undefined : this.#memory.ledger.get(id);
    const findings = this.#engine.evaluate(observation, {
      placement,
      entry,
      memory: this.#memory,
      policy: this.#policy,
    });
    for (const finding of findings) this.#file(finding, { observation, placement });
  }

  #file(finding: Finding, exhibit?: Exhibit): void {
    if (this.#restoring || this.#exceptions.keepBack(finding)) return;
    this.#book.add(finding, this.#exhibits(finding, exhibit), this.#entryOf(finding));
    if (!suspiciousReads.has(finding.rule)) return;
    const [trigger = ''] = finding.observations;
    const read = exhibit?.observation ?? this.#memory.recall(trigger);
    if (read?.kind === 'read' && read.outcome !== 'denied') this.#suspect(read, finding);
  }

  #exhibits(finding: Finding, exhibit: Exhibit | undefined): Exhibit[] {
    const exhibits: Exhibit[] = exhibit ? [exhibit] : [];
    for (const id of finding.observations) {
      if (id === exhibit?.observation.id) continue;
      const observation = this.#memory.recall(id);
      if (observation) exhibits.push({ observation, placement: this.#placed.peek(id) });
    }
    return exhibits;
  }

  #entryOf({ credential }: Finding): LedgerEntry | undefined {
    return credential && this.#memory.ledger.get(credential.id);
  }

  #contextAt(now: Micros): PlacementContext {
    this.#context.now = now;
    return this.#context;
  }
}

/** The use and the issue that one TokenRequest by a ServiceAccount gives. */
const requestKey = ({ auditID, timeText, request }: TokenUse | TokenIssue): string =>
  `${timeText} ${auditID} ${request.uri}`;
