/**
 * The whole of Truant over a log that is already there: the agent's observer and the collector's correlator, driven by the
 * log's own time. Pure: lines and inventory come in, alerts and placed uses come out.
 */
import { FileObserver, type SensorRejectReason } from '../../agent/file-observer.ts';
import { Observer } from '../../agent/observer.ts';
import type { TimedSensorLine } from '../../agent/sources/reads-file.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import type { Outcome } from '../../shared/detection/correlator-types.ts';
import { defaultPolicy, type Policy } from '../../shared/detection/policy.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type { NetworkConfig } from '../../shared/inventory/networks.ts';
import type { NormaliseOptions, RejectReason } from '../../shared/normalise/audit.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { Observation, SourceStatus, TokenUse, Whereabouts } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { type Micros, SECOND } from '../../shared/time.ts';

export interface HunterOptions {
  cluster: string;
  /** Sorted by time; none for a bare log. */
  inventory: readonly InventoryEvent[];
  mode: Whereabouts['inventory'];
  networks?: NetworkConfig;
  normalise: NormaliseOptions;
  policy?: Policy;
  holdBack?: Micros;
  /** Called once for each use, when its placement is final. */
  onUse?(use: TokenUse, placement: Placement): void;
}

/** Inventory is fed this far ahead of the log: it answers by time, and a log's lines aren't sorted. */
const LEAD: Micros = 10 * SECOND;
const BATCH = 500;

export class Hunter {
  readonly rejected = new Map<RejectReason | SensorRejectReason, number>();
  readonly statuses: SourceStatus[] = [];
  /** Reads that an exception let pass, by its reason. */
  readonly excused = new Map<string, number>();
  readonly #alerts = new Map<string, Alert>();
  readonly #observer: Observer;
  readonly #files: FileObserver;
  readonly #correlator: Correlator;
  readonly #inventory: readonly InventoryEvent[];
  readonly #onUse: HunterOptions['onUse'];
  /** Uses whose placement is not final. */
  readonly #open = new Map<string, TokenUse>();
  /** What waits to be correlated. */
  readonly #seen: Observation[] = [];
  /** What sensors saw, by time, until the log has come so far. */
  #reads: TimedSensorLine[] = [];
  /** How many of the inventory's events were fed. */
  #fed = 0;

  constructor(options: HunterOptions) {
    const { cluster, inventory, mode, networks, normalise, policy = defaultPolicy, holdBack = 2 * SECOND } = options;
    this.#onUse = options.onUse;
    this.#inventory = inventory;
    const reject = (reason: RejectReason | SensorRejectReason): void => {
      this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
    };
    this.#files = new FileObserver({
      node: cluster,
      policy,
      onReject: reject,
      onExcuse: (reason) => this.excused.set(reason, (this.excused.get(reason) ?? 0) + 1),
    });
    this.#observer = new Observer({
      inventory: new ClusterInventory({ mode, networks: networks ?? {} }),
      holdBack,
      normalise,
      onReject: reject,
      beforeTime: (seen) => {
        this.#learnUntil(seen + LEAD);
        this.#readUntil(seen);
      },
    });
    this.#correlator = new Correlator({ cluster, policy });
    // What an initial list or a dump shows was so before the first line.
    this.#learnWhile((event) => 'initial' in event && event.initial);
  }

  /** Every alert so far, by id, as it is now. */
  get alerts(): ReadonlyMap<string, Alert> {
    return this.#alerts;
  }

  see(line: Buffer): void {
    for (const observation of this.#observer.see(line)) this.#seen.push(observation);
    if (this.#seen.length >= BATCH) this.#take(this.#seen.splice(0));
  }

  /** What sensors saw: to be told before the log has come so far. */
  addReads(lines: readonly TimedSensorLine[]): void {
    if (lines.length === 0) return;
    this.#reads.push(...lines);
    this.#reads.sort((a, b) => a.time - b.time);
  }

  /** The log has ended: what waits is decided with what is known. */
  finish(): void {
    this.#learnUntil(Number.POSITIVE_INFINITY);
    this.#readUntil(Number.POSITIVE_INFINITY);
    this.#take([...this.#seen.splice(0), ...this.#observer.flush()]);
    this.#apply(this.#correlator.flush());
  }

  #take(observations: readonly Observation[]): void {
    if (observations.length === 0) return;
    for (const observation of observations) {
      if (observation.kind === 'use' && this.#onUse) this.#open.set(observation.id, observation);
      if (observation.kind === 'status') this.statuses.push(observation);
    }
    this.#apply(this.#correlator.process(observations, []));
  }

  #apply({ alerts, placements }: Outcome): void {
    for (const alert of alerts) this.#alerts.set(alert.id, alert);
    if (!this.#onUse) return;
    for (const [id, placement] of placements) {
      const use = this.#open.get(id);
      if (!use || placement.reason === 'deciding') continue;
      this.#open.delete(id);
      this.#onUse(use, placement);
    }
  }

  #learnUntil(time: Micros): void {
    this.#learnWhile((event) => event.time <= time);
  }

  #learnWhile(isDue: (event: InventoryEvent) => boolean): void {
    for (let event = this.#inventory[this.#fed]; event && isDue(event); event = this.#inventory[this.#fed]) {
      this.#observer.learn(event);
      this.#files.learn(event);
      this.#fed += 1;
    }
  }

  #readUntil(time: Micros): void {
    let count = 0;
    for (let line = this.#reads[0]; line && line.time <= time; line = this.#reads[count]) {
      const observation = this.#files.see(line);
      if (observation) this.#seen.push(observation);
      count += 1;
    }
    if (count > 0) this.#reads = this.#reads.slice(count);
  }
}
