/**
 * The pure heart of the collector and of `truant hunt`: takes observations of one cluster in the order in which they come,
 * decides where each use was made from, asks the rules, and keeps the alerts. Driven by event time alone.
 */

import { BoundedMap } from '../inventory/bounded-map.ts';
import { nodeOfKubelet } from '../normalise/principal.ts';
import type { Alert, Finding } from '../schema/alert.ts';
import type { Observation, RequestObservation, TokenIssue, TokenUse } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { type Micros, SECOND } from '../time.ts';
import { AlertBook, type Exhibit } from './alert-book.ts';
import type { CorrelatorPort, Outcome } from './correlator-types.ts';
import { Engine } from './engine.ts';
import { MASQUERADE_PATIENCE } from './masquerade.ts';
import { Memory } from './memory.ts';
import { type PlacementContext, place } from './placement.ts';
import { defaultPolicy, type Policy } from './policy.ts';
import type { RuleScope } from './rule.ts';
import { rules } from './rules/index.ts';
import { awayFromNode } from './rules/kubelet-identity-mints-from-elsewhere.ts';

export interface CorrelatorOptions {
  cluster: string;
  policy?: Policy;
  /** Which rules to run here; the collector leaves `node` to the agents. */
  scopes?: readonly RuleScope[];
}

/** Decisions that wait are looked at again when event time has gone on by this much. */
const SWEEP_EVERY: Micros = SECOND / 4;
/** More than these don't wait: the oldest is decided with what is known. */
const MAX_WAITING = 20_000;

const DECIDING: Placement = {
  verdict: 'unclear',
  reason: 'deciding',
  confidence: 'low',
  sentence: 'Waiting a moment for what other requests show.',
};

interface Waiting {
  observation: TokenUse | TokenIssue;
}

/** How a request by a ServiceAccount was judged, for the TokenRequest that it may have been. */
interface Judged {
  verdict: Placement['verdict'];
  sentence: string;
}

export class Correlator implements CorrelatorPort {
  readonly #policy: Policy;
  readonly #engine: Engine;
  readonly #memory = new Memory();
  readonly #book: AlertBook;
  readonly #verdicts = new BoundedMap<string, Judged>(20_000);
  readonly #issues = new BoundedMap<string, TokenIssue>(5_000);
  readonly #placed = new BoundedMap<string, Placement>(50_000);
  #waiting: Waiting[] = [];
  #now: Micros = 0;
  #swept: Micros = 0;
  #placements = new Map<string, Placement>();

  constructor({ cluster, policy = defaultPolicy, scopes = ['node', 'cluster'] }: CorrelatorOptions) {
    this.#policy = policy;
    this.#engine = new Engine(rules, scopes);
    this.#book = new AlertBook(cluster);
  }

  process(observations: readonly Observation[], findings: readonly Finding[]): Outcome {
    for (const observation of observations) {
      this.#take(observation);
      if (this.#waiting.length > 0 && this.#now - this.#swept >= SWEEP_EVERY) this.#sweep(this.#now);
    }
    for (const finding of findings) this.#file(finding);
    return this.#outcome();
  }

  advance(now: Micros): Outcome {
    this.#now = Math.max(this.#now, now);
    if (this.#waiting.length > 0) this.#sweep(this.#now);
    return this.#outcome();
  }

  flush(): Outcome {
    this.#sweep(this.#now + 2 * MASQUERADE_PATIENCE);
    return this.#outcome();
  }

  restore(observations: Iterable<Observation>, alerts: Iterable<Alert>): void {
    for (const alert of alerts) this.#book.restore(alert);
    for (const observation of observations) this.#take(observation);
    this.#sweep(this.#now);
    // Findings that were filed before are known to their alerts; whatever is new in them is kept for the next change.
    this.#placements.clear();
  }

  #outcome(): Outcome {
    const placements = this.#placements;
    this.#placements = new Map();
    return { placements, alerts: this.#book.takeChanged(this.#now) };
  }

  #take(observation: Observation): void {
    this.#now = Math.max(this.#now, observation.seen);
    if (observation.kind === 'status') return;
    this.#memory.observe(observation);
    switch (observation.kind) {
      case 'use':
        this.#decide(observation, this.#now);
        break;
      case 'issue':
        this.#takeIssue(observation, this.#now);
        break;
      case 'entry':
      case 'denied':
        this.#evaluate(observation, undefined);
        break;
    }
  }

  /** Judges a use, or lets it wait. */
  #decide(use: TokenUse, now: Micros): boolean {
    const placement = place(use, this.#context(now));
    if (!placement) {
      if (!this.#placed.peek(use.id)) {
        this.#waiting.push({ observation: use });
        this.#placements.set(use.id, DECIDING);
        this.#placed.set(use.id, DECIDING);
        if (this.#waiting.length > MAX_WAITING) {
          const oldest = this.#waiting.shift();
          if (oldest) this.#settle(oldest.observation, now + 2 * MASQUERADE_PATIENCE);
        }
      }
      return false;
    }
    this.#placements.set(use.id, placement);
    this.#placed.set(use.id, placement);
    this.#memory.judged(use, placement.verdict);
    if (use.request.subresource === 'token') {
      this.#verdicts.set(requestKey(use), { verdict: placement.verdict, sentence: placement.sentence });
      const issue = this.#issues.peek(requestKey(use));
      if (issue && placement.verdict === 'away') this.#taint(issue, placement.sentence);
    }
    this.#evaluate(use, placement);
    return true;
  }

  #takeIssue(issue: TokenIssue, now: Micros): boolean {
    const node = nodeOfKubelet(issue.actor.username);
    if (node !== undefined) {
      const why = awayFromNode(node, issue);
      const reach = this.#memory.masquerade.reaches(undefined, issue.time);
      if (why !== undefined && reach === 'unknown' && now < issue.time + MASQUERADE_PATIENCE) {
        if (now === this.#now) this.#waiting.push({ observation: issue });
        return false;
      }
      if (why !== undefined && reach !== 'unknown') this.#taint(issue, why);
    } else if (issue.actor.principal !== undefined) {
      this.#issues.set(requestKey(issue), issue);
      const request = this.#verdicts.peek(requestKey(issue));
      const minter = issue.actor.credential && this.#memory.ledger.get(issue.actor.credential.id);
      if (request?.verdict === 'away') this.#taint(issue, request.sentence);
      else if (minter?.tainted !== undefined) this.#taint(issue, minter.tainted);
    }
    this.#evaluate(issue, undefined);
    return true;
  }

  /** A credential issued to a thief: every use of it is the theft going on, those that were seen already too. */
  #taint(issue: TokenIssue, why: string): void {
    const entry = issue.issued === undefined ? undefined : this.#memory.ledger.get(issue.issued);
    if (!entry || entry.tainted !== undefined) return;
    entry.tainted = `${entry.id} was issued to a thief: ${why}`;
    this.#evaluate(issue, undefined);
    for (const use of this.#memory.recentUses(entry.id)) this.#evaluate(use, this.#placed.peek(use.id));
  }

  #evaluate(observation: RequestObservation, placement: Placement | undefined): void {
    const entry = observation.kind === 'use' ? this.#memory.ledger.get(observation.credential.id) : undefined;
    const findings = this.#engine.evaluate(observation, {
      placement,
      entry,
      memory: this.#memory,
      policy: this.#policy,
    });
    for (const finding of findings) this.#file(finding, { observation, placement });
  }

  #file(finding: Finding, exhibit?: Exhibit): void {
    const exhibits: Exhibit[] = exhibit ? [exhibit] : [];
    for (const id of finding.observations) {
      if (id === exhibit?.observation.id) continue;
      const observation = this.#memory.recall(id);
      if (observation) exhibits.push({ observation, placement: this.#placed.peek(id) });
    }
    const credential = finding.credential?.id;
    this.#book.add(finding, exhibits, credential === undefined ? undefined : this.#memory.ledger.get(credential));
  }

  #sweep(now: Micros): void {
    this.#swept = this.#now;
    const waiting = this.#waiting;
    this.#waiting = [];
    const still = waiting.filter(({ observation }) => !this.#settle(observation, now));
    this.#waiting = [...still, ...this.#waiting];
  }

  #settle(observation: TokenUse | TokenIssue, now: Micros): boolean {
    return observation.kind === 'use' ? this.#decide(observation, now) : this.#takeIssue(observation, now);
  }

  #context(now: Micros): PlacementContext {
    return {
      ledger: this.#memory.ledger,
      masquerade: this.#memory.masquerade,
      learned: this.#memory.learned,
      policy: this.#policy,
      now,
      isControlPlane: (address) => this.#memory.isControlPlane(address),
      secretReadBefore: (credential, time) => {
        const principal = this.#memory.ledger.get(credential)?.principal ?? '';
        return this.#memory.secretReads(credential, principal, time)[0]?.time;
      },
    };
  }
}

/** The use and the issue that one TokenRequest by a ServiceAccount gives. */
const requestKey = ({ auditID, timeText, request }: TokenUse | TokenIssue): string =>
  `${timeText} ${auditID} ${request.uri}`;
