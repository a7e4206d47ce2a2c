/**
 * The agent between its sources and its spool: lines become observations, and rules of scope `node` look at them. What
 * comes of a batch of lines goes into the spool with the place in the log behind it, all of it or nothing.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { Engine } from '../shared/detection/engine.ts';
import type { Memory } from '../shared/detection/memory.ts';
import type { Policy } from '../shared/detection/policy.ts';
import { rules } from '../shared/detection/rules/index.ts';
import type { Finding } from '../shared/schema/alert.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { FileObservation, Heartbeat, Observation, RequestObservation } from '../shared/schema/observation.ts';
import { componentMetrics } from '../shared/telemetry/metrics.ts';
import type { Micros } from '../shared/time.ts';
import type { FileObserver, SensorLine } from './file-observer.ts';
import type { Observer } from './observer.ts';
import type { ReadFold } from './read-fold.ts';
import type { Statuses } from './source-status.ts';
import type { AuditCheckpoint } from './sources/audit-file/checkpoint.ts';
import type { AuditBatch } from './sources/audit-file/log-reader.ts';
import type { Item } from './spool/record.ts';
import type { Spool } from './spool/spool.ts';

export interface PipelineOptions {
  observer: Observer;
  files: FileObserver;
  fold: ReadFold;
  /** What the rules of scope `node` remember. */
  memory: Memory;
  statuses: Statuses;
  spool: Spool<AuditCheckpoint>;
  policy: Policy;
  logger: Logger;
  registry: Registry;
}

export class Pipeline {
  readonly #observer: Observer;
  readonly #spool: Spool<AuditCheckpoint>;
  readonly #statuses: Statuses;
  readonly #policy: Policy;
  readonly #engine: Engine;
  readonly #files: FileObserver;
  readonly #fold: ReadFold;
  readonly #memory: Memory;
  readonly #metrics;
  /** What goes into the spool next, within the same turn. */
  #items: Item[] = [];
  #hold = new Map<string, Observation>();
  #release: string[] = [];
  /** Requests that are held back and in the spool, by id. */
  readonly #held = new Set<string>();

  constructor({ observer, files, fold, memory, statuses, spool, policy, logger, registry }: PipelineOptions) {
    this.#observer = observer;
    this.#files = files;
    this.#fold = fold;
    this.#memory = memory;
    this.#statuses = statuses;
    this.#spool = spool;
    this.#policy = policy;
    const metrics = componentMetrics(registry, 'pipeline', { errors: ['rule'] });
    this.#metrics = metrics;
    // A defect in one rule must not blind the agent to all that the others see.
    this.#engine = new Engine(rules, ['node'], policy, (rule, err) => {
      metrics.error('rule');
      logger.error({ err, rule }, 'a rule failed; what it was asked about goes on without its word');
    });
  }

  /** What an agent before this one had not released. To be called once the inventory has begun. */
  resume(): void {
    for (const [name, { observation }] of this.#spool.held) {
      if (observation.kind === 'read') {
        this.#items.push({ observation, findings: [] });
        this.#release.push(name);
      } else if ('request' in observation) {
        this.#held.add(name);
        this.#judge(this.#observer.resume(observation));
      }
    }
    void this.#put();
  }

  /** Resolves once what came of it is on disk. */
  async take(batch: AuditBatch): Promise<void> {
    this.#metrics.received(batch.linesRead);
    for (const line of batch.lines) this.#judge(this.#observer.see(line));
    this.#advance(this.#observer.watermark);
    await this.#put(batch.checkpoint);
  }

  learn(events: readonly InventoryEvent[]): void {
    for (const event of events) {
      this.#observer.learn(event);
      this.#files.learn(event);
    }
  }

  /** What the sensors of token files saw. Nobody can be made to wait for it: where there is no room it is left out. */
  see(lines: readonly SensorLine[]): void {
    for (const line of lines) {
      const observation = this.#files.see(line);
      if (observation) this.#takeOfFile(observation);
    }
    if (this.#items.length > 0) void this.#put();
  }

  /** What a source says about itself goes the same way as what it sees. */
  tell(status: Observation): void {
    this.#judge([status]);
    void this.#put();
  }

  /** Left out where it would be in the way. */
  beat(heartbeat: Heartbeat): void {
    if (this.#spool.offer(heartbeat)) this.#metrics.sent();
  }

  /** A request has to wait, and is remembered meanwhile. */
  hold(observation: RequestObservation): void {
    if (this.#held.has(observation.id)) return;
    this.#held.add(observation.id);
    this.#hold.set(observation.id, observation);
  }

  /** Time goes on: what waited long enough is released, and what is folded is remembered as it is by now. */
  advance(now: Micros): void {
    this.#advance(now);
    void this.#put();
  }

  /**
   * Nothing more will come: what was folded is told. Requests that are held back stay so, in the spool: whoever comes next
   * can tell from where they were.
   */
  flush(): void {
    this.#tell(this.#fold.flush());
    void this.#put();
  }

  #advance(now: Micros): void {
    this.#judge(this.#observer.advance(now));
    this.#tellLosses();
    this.#tell(this.#fold.advance(now));
  }

  /** As soon as there is room again, it is said what was left out. */
  #tellLosses(): void {
    const lost = this.#spool.takeLosses();
    if (!lost) return;
    const detail = `${lost.count} observations of token files were left out, because too much waited to be delivered.`;
    const gap = { source: 'token-opens', status: 'gap', reason: 'no-room', detail, time: lost.seen } as const;
    this.#judge([this.#statuses.of(gap)]);
  }

  #takeOfFile(observation: FileObservation): void {
    this.#memory.observe(observation);
    const findings = this.#findingsOf(observation);
    if (observation.kind === 'read') this.#memory.profiles.learn(observation);
    const told = observation.kind === 'read' ? this.#fold.see(observation, findings.length > 0) : [observation];
    for (const item of told) {
      this.#items.push({ observation: item, findings: item.id === observation.id ? findings : [] });
    }
  }

  #tell(reads: readonly Observation[]): void {
    for (const observation of reads) this.#items.push({ observation, findings: [] });
  }

  #judge(observations: readonly Observation[]): void {
    for (const observation of observations) {
      if (this.#held.delete(observation.id) && !this.#hold.delete(observation.id)) this.#release.push(observation.id);
      this.#items.push({ observation, findings: this.#findingsOf(observation) });
    }
  }

  #findingsOf(observation: Observation): Finding[] {
    return this.#engine.evaluate(observation, {
      placement: undefined,
      entry: undefined,
      memory: this.#memory,
      policy: this.#policy,
    });
  }

  async #put(checkpoint?: AuditCheckpoint): Promise<void> {
    const folded = this.#fold.changes();
    const items = this.#items;
    const hold = new Map([...this.#hold, ...folded.hold]);
    const release = [...this.#release, ...folded.release];
    this.#items = [];
    this.#hold = new Map();
    this.#release = [];
    if (items.length + hold.size + release.length === 0 && checkpoint === undefined) return;
    this.#metrics.sent(items.length);
    await this.#spool.put({ items, hold, release, ...(checkpoint !== undefined && { checkpoint }) });
  }
}
