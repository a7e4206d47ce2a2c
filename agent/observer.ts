/**
 * From audit lines to observations that know their whereabouts: normalise, fold the stages of one request, hold back what
 * the inventory can't answer yet. Pure; the agent, the replay and the hunt all use it.
 */
import type { ClusterInventory } from '../shared/inventory/cluster-inventory.ts';
import { HoldBack } from '../shared/inventory/hold-back.ts';
import { AuditNormaliser, type NormaliseOptions, type RejectReason } from '../shared/normalise/audit.ts';
import { RequestStages } from '../shared/normalise/stages.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { Observation, RequestObservation, SourceStatus } from '../shared/schema/observation.ts';
import { HOUR, MINUTE, type Micros } from '../shared/time.ts';
import { sourceStatus } from './source-status.ts';

export interface ObserverOptions {
  /** Where the log is read; absent offline. */
  node?: string;
  inventory: ClusterInventory;
  holdBack: Micros;
  normalise: NormaliseOptions;
  /** A line that could not be read: count it, and keep a sample. */
  onReject(reason: RejectReason, line: Buffer): void;
  /**
   * Up to when the inventory is complete, given what time it is: while a watch is interrupted, time stands still for what
   * waits for it (for a minute at most). Left out: always complete.
   */
  freshUntil?: ((now: Micros) => Micros) | undefined;
  /** Called with each line's time before it is judged: offline, the inventory is brought there first. */
  beforeTime?(seen: Micros): void;
  /** Called with what is held back, so that it can be remembered; it comes back when it is released. */
  onHold?: ((observation: RequestObservation) => void) | undefined;
}

/** The same warning is not repeated within this time of the log. */
const REPEAT_AFTER: Micros = HOUR;
/** Without inventory for longer, what waits is judged all the same; the source has said by then that it is blind. */
const BLIND_FOR: Micros = MINUTE;

export class Observer {
  readonly #node: string | undefined;
  readonly #inventory: ClusterInventory;
  readonly #normaliser: AuditNormaliser;
  readonly #onReject: ObserverOptions['onReject'];
  readonly #beforeTime: ((seen: Micros) => void) | undefined;
  readonly #freshUntil: (now: Micros) => Micros;
  readonly #stages = new RequestStages();
  readonly #holdBack: HoldBack<RequestObservation>;
  readonly #warned = new Map<string, Micros>();
  #watermark: Micros = 0;
  #settled: Micros = 0;

  constructor({ node, inventory, holdBack, normalise, onReject, freshUntil, beforeTime, onHold }: ObserverOptions) {
    this.#node = node;
    this.#inventory = inventory;
    this.#normaliser = new AuditNormaliser(normalise);
    this.#onReject = onReject;
    this.#beforeTime = beforeTime;
    this.#freshUntil = freshUntil ?? ((now) => now);
    this.#holdBack = new HoldBack({ inventory, holdBack, onHold });
  }

  /** The newest time that any line has shown. */
  get watermark(): Micros {
    return this.#watermark;
  }

  /** How many had to go before the inventory could be relied on, because too many waited. */
  get early(): number {
    return this.#holdBack.stats.early;
  }

  learn(event: InventoryEvent): void {
    this.#inventory.apply(event);
  }

  /** A line of the log, without its newline; what is ready because of it comes back, in order of release. */
  see(line: Buffer): Observation[] {
    const normalised = this.#normaliser.line(line.toString('utf8'));
    if (!normalised.ok) {
      this.#onReject(normalised.reason, line);
      return [];
    }
    const ready: Observation[] = [];
    if (normalised.seen > this.#watermark) {
      this.#watermark = normalised.seen;
      this.#beforeTime?.(normalised.seen);
      ready.push(...this.advance(normalised.seen));
    }
    if (normalised.leaks) this.#warn(ready, 'leak', 'audit-policy-leaks-tokens', LEAK, normalised.seen);
    for (const observation of normalised.observations) {
      if (this.#stages.isRepeat(observation)) continue;
      if (observation.kind === 'use') {
        this.#nameSecret(observation);
        if (observation.credential.kind === 'projected' && observation.credential.id.startsWith('pod:')) {
          this.#warn(ready, 'blind', 'no-credential-ids', NO_IDS, normalised.seen);
        }
      }
      ready.push(...this.#holdBack.push(observation));
    }
    return ready;
  }

  /** Lets time go on without a line: live, the log may be silent while something waits. */
  advance(now: Micros): Observation[] {
    this.#settled = Math.max(this.#settled, this.#freshUntil(now), now - BLIND_FOR);
    return this.#holdBack.advance(this.#settled);
  }

  /** What was held back by an agent before this one. */
  resume(observation: RequestObservation): Observation[] {
    return this.#holdBack.push(observation);
  }

  flush(): Observation[] {
    return this.#holdBack.flush();
  }

  #nameSecret(use: Extract<RequestObservation, { kind: 'use' }>): void {
    const { resource, namespace, name } = use.request;
    if (resource !== 'secrets' || namespace === undefined || name === undefined) return;
    const owner = this.#inventory.tokenSecretOwner(namespace, name);
    if (owner !== undefined) use.secretOf = owner;
  }

  #warn(ready: Observation[], status: SourceStatus['status'], reason: string, detail: string, time: Micros): void {
    const last = this.#warned.get(reason);
    if (last !== undefined && time - last < REPEAT_AFTER) return;
    this.#warned.set(reason, time);
    ready.push(sourceStatus({ node: this.#node, source: 'audit-file', status, reason, detail, time }));
  }
}

const LEAK =
  'The audit log holds tokens: the policy logs bodies of serviceaccounts/token, tokenreviews or Secrets. Log these at level Metadata, and treat tokens in old logs as stolen.';
const NO_IDS =
  'The cluster does not name credentials in its audit log (before Kubernetes 1.30): tokens of one pod cannot be told apart.';
