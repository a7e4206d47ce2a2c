/**
 * The agent between its sources and its outbox: lines become observations, rules of scope `node` look at them, and the
 * audit position moves on only once all that came out of the log before it has been acknowledged.
 */
import type { Registry } from 'prom-client';
import { Engine } from '../shared/detection/engine.ts';
import type { Memory } from '../shared/detection/memory.ts';
import type { Policy } from '../shared/detection/policy.ts';
import { rules } from '../shared/detection/rules/index.ts';
import type { Finding } from '../shared/schema/alert.ts';
import type { InventoryEvent } from '../shared/schema/inventory-event.ts';
import type { FileObservation, Observation } from '../shared/schema/observation.ts';
import { componentMetrics } from '../shared/telemetry/metrics.ts';
import type { Micros } from '../shared/time.ts';
import type { FileObserver, SensorLine } from './file-observer.ts';
import { type Observer, sourceStatus } from './observer.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import type { ReadFold } from './read-fold.ts';
import type { AuditCheckpoint } from './sources/audit-file/checkpoint.ts';
import type { AuditBatch } from './sources/audit-file/log-reader.ts';

export interface PipelineOptions {
  node: string;
  observer: Observer;
  files: FileObserver;
  fold: ReadFold;
  /** What the rules of scope `node` remember. */
  memory: Memory;
  outbox: Outbox;
  policy: Policy;
  holdBack: Micros;
  registry: Registry;
}

/** A place in the log. It may be remembered when nothing from before it is held back, and all of that is delivered. */
interface Mark {
  checkpoint: AuditCheckpoint;
  /** Event time at which nothing of it is held back any more. */
  releasedAt: Micros;
  /** Position in the stream after its last observation; known once it is released. */
  position: number | undefined;
}

/** With more waiting, ordinary reads are left out; with so much more, those in which something was found too. */
const MOST_READS_WAITING = 20_000;
const MOST_FOUND_WAITING = 40_000;

export class Pipeline {
  readonly #node: string;
  readonly #observer: Observer;
  readonly #outbox: Outbox;
  readonly #policy: Policy;
  readonly #holdBack: Micros;
  readonly #engine: Engine;
  readonly #files: FileObserver;
  readonly #fold: ReadFold;
  readonly #memory: Memory;
  readonly #metrics;
  #marks: Mark[] = [];
  /** How many observations of token files were left out and not told of. */
  #lost = 0;
  #lastLost: Micros = 0;

  constructor({ node, observer, files, fold, memory, outbox, policy, holdBack, registry }: PipelineOptions) {
    this.#node = node;
    this.#observer = observer;
    this.#files = files;
    this.#fold = fold;
    this.#memory = memory;
    this.#outbox = outbox;
    this.#policy = policy;
    this.#engine = new Engine(rules, ['node'], policy);
    this.#holdBack = holdBack;
    this.#metrics = componentMetrics(registry, 'pipeline', { dropped: ['no-room'] });
  }

  async take(batch: AuditBatch): Promise<void> {
    this.#metrics.received(batch.linesRead);
    for (const line of batch.lines) this.#put(this.#observer.see(line));
    const before = this.#marks.at(-1);
    const mark: Mark = {
      checkpoint: batch.checkpoint,
      releasedAt: this.#observer.held === 0 ? 0 : this.#observer.watermark + this.#holdBack,
      position: undefined,
    };
    this.#marks.push(mark);
    this.advance(this.#observer.watermark);
    // A place behind which nothing more is to be delivered says all that the one before it does: of a log without
    // observations only one is kept.
    if (before?.position !== undefined && before.position === mark.position) this.#marks.splice(-2, 1);
    await this.#outbox.room();
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
  }

  #takeOfFile(observation: FileObservation): void {
    this.#memory.observe(observation);
    const findings = this.#findingsOf(observation);
    const most = findings.length > 0 ? MOST_FOUND_WAITING : MOST_READS_WAITING;
    if (observation.kind === 'read') this.#memory.profiles.learn(observation);
    const told = observation.kind === 'read' ? this.#fold.see(observation, findings.length > 0) : [observation];
    if (told.length === 0) return;
    if (this.#outbox.waiting < most) {
      this.#send(told.map((item) => ({ observation: item, findings: item.id === observation.id ? findings : [] })));
      return;
    }
    this.#metrics.dropped('no-room', told.length);
    this.#lost += told.length;
    this.#lastLost = observation.seen;
  }

  /** As soon as there is room again, it is said what was left out. */
  #tellLosses(): void {
    if (this.#lost === 0 || this.#outbox.waiting >= MOST_READS_WAITING) return;
    const detail = `${this.#lost} observations of token files were left out, because too much waited to be delivered.`;
    this.#lost = 0;
    const gap = { status: 'gap', reason: 'no-room', detail, time: this.#lastLost } as const;
    this.tell(sourceStatus({ node: this.#node, source: 'token-opens', ...gap }));
  }

  /** What a source says about itself goes the same way as what it sees. */
  tell(status: Observation): void {
    this.#put([status]);
  }

  /** Time goes on: what waited long enough is released. */
  advance(now: Micros): void {
    this.#put(this.#observer.advance(now));
    this.#tellLosses();
    this.#send(this.#fold.advance(now).map((observation) => ({ observation, findings: [] })));
    for (const mark of this.#marks) {
      if (mark.position === undefined && mark.releasedAt <= this.#observer.settled) mark.position = this.#outbox.end;
    }
  }

  /** The newest place in the log that may be remembered once everything up to `acknowledged` is stored. */
  reached(acknowledged: number): AuditCheckpoint | undefined {
    let reached = -1;
    for (const [index, { position }] of this.#marks.entries()) {
      if (position === undefined || position > acknowledged) break;
      reached = index;
    }
    if (reached < 0) return undefined;
    const { checkpoint } = this.#marks[reached] as Mark;
    this.#marks.splice(0, reached + 1);
    return checkpoint;
  }

  /** Nothing more will come: what is held back goes as it is. */
  flush(): void {
    this.#put(this.#observer.flush());
    this.#send(this.#fold.flush().map((observation) => ({ observation, findings: [] })));
    for (const mark of this.#marks) mark.position ??= this.#outbox.end;
  }

  #put(observations: readonly Observation[]): void {
    this.#send(observations.map((observation) => ({ observation, findings: this.#findingsOf(observation) })));
  }

  #findingsOf(observation: Observation): Finding[] {
    return this.#engine.evaluate(observation, {
      placement: undefined,
      entry: undefined,
      memory: this.#memory,
      policy: this.#policy,
    });
  }

  #send(items: readonly OutboxItem[]): void {
    if (items.length === 0) return;
    this.#metrics.sent(items.length);
    this.#outbox.put(items);
  }
}
