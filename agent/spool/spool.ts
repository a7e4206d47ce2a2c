/**
 * What an agent must not forget, in one file: observations until the collector has them, those that wait to be released, and
 * where each source stands, written together, so that a restart neither reads again nor skips. Bounded by bytes: who reads
 * the audit log waits for room; of what the sensors of token files saw the oldest of the least severe is left out, counted.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import { type Pause, pause } from '../../shared/component/backoff.ts';
import type { Heartbeat, Observation } from '../../shared/schema/observation.ts';
import type { ComponentMetrics } from '../../shared/telemetry/metrics.ts';
import type { Losses, SpoolState } from './contents.ts';
import { type Opened, openSpool } from './opening.ts';
import { type Droppable, rankOf } from './rank.ts';
import { costOf, decodeRecord, encodeRecord, type Item, type SpoolRecord } from './record.ts';
import { Room } from './room.ts';
import { sealText } from './seal.ts';
import { SPOOL_ERRORS, Writer } from './writer.ts';

export type SpoolMetrics = ComponentMetrics<'no-room', (typeof SPOOL_ERRORS)[number], 'damaged'>;
export const SPOOL_LABELS = { dropped: ['no-room'], errors: SPOOL_ERRORS, deadLetters: ['damaged'] } as const;

export interface SpoolOptions<Place> {
  /** Nobody else has it. */
  folder: string;
  /** What a place in the log is. */
  place: ZodType<Place>;
  maxBytes: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  logger: Logger;
  metrics: SpoolMetrics;
  /** An observation can't be read any more, and is left out. */
  onDamaged(): void;
  pause?: Pause;
}

/** What is to be on disk all together, or not at all. */
export interface Change<Place> {
  /** In order of release. */
  items?: readonly Item[];
  /** What waits to be released, by name; of one that is known already: in its place. */
  hold?: ReadonlyMap<string, Observation>;
  /** Names of those that wait no more. */
  release?: readonly string[];
  /** Everything up to there is in this change or an earlier one. */
  checkpoint?: Place;
}

/** Held in memory until it is on disk; sensors can't be made to wait. */
const MOST_UNWRITTEN = 8 * 1024 * 1024;

export class Spool<Place> {
  /** Where a spool that could not be used was put, and why; this one is new. */
  readonly setAside: string | undefined;
  readonly #options: SpoolOptions<Place> & Required<Pick<SpoolOptions<Place>, 'now'>>;
  readonly #room: Room;
  readonly #opened: Opened<Place>;
  readonly #writer: Writer<Place>;
  readonly #droppable: Droppable;
  /** What each that waits to be released takes, by name. */
  readonly #held: Map<string, number>;
  /** Left out, but not yet gone from the file. */
  readonly #leaving = new Set<number>();
  #state: SpoolState<Place>;
  #records: number;
  /** Up to there everything has been delivered. */
  #acknowledged = -1;
  /** Up to there it is on its way. */
  #lent = -1;
  /** Position of the newest heartbeat. */
  #heartbeat: number;
  #onMore = (): void => undefined;

  /** @throws TruantError STATE_UNWRITABLE */
  static async open<Place>(options: SpoolOptions<Place>): Promise<Spool<Place>> {
    const fresh = (): SpoolState<Place> => ({
      format: 1,
      uuid: randomUUID(),
      next: 0,
      checkpoint: null,
      lost: { count: 0, seen: 0 },
    });
    return new Spool(options, await openSpool(options.folder, options.place, fresh, options.logger));
  }

  private constructor(options: SpoolOptions<Place>, opened: Opened<Place>) {
    const { folder, logger, metrics, maxBytes } = options;
    this.#options = { now: Date.now, ...options };
    this.#room = new Room(maxBytes, opened.bytes);
    this.#opened = opened;
    this.setAside = opened.setAside;
    this.#state = opened.state;
    this.#records = opened.records;
    this.#droppable = opened.droppable;
    this.#heartbeat = opened.heartbeat;
    this.#held = new Map();
    for (const [name, { cost }] of opened.held) this.#held.set(name, cost);
    this.#writer = new Writer({
      database: opened.database,
      folder,
      state: () => ({ ...this.#state }),
      onDurable: ({ puts, removed }) => {
        for (const { position, rank } of puts) if (rank !== undefined) this.#droppable.add(rank, position);
        for (const position of removed) this.#leaving.delete(position);
        if (puts.length > 0) this.#onMore();
      },
      logger,
      metrics,
      pause: options.pause ?? pause,
    });
  }

  get uuid(): string {
    return this.#state.uuid;
  }

  /** Undefined: it never stood anywhere. */
  get checkpoint(): Place | undefined {
    return this.#state.checkpoint ?? undefined;
  }

  /** What waited to be released when the spool was opened, by name. */
  get held(): ReadonlyMap<string, { observation: Observation }> {
    return this.#opened.held;
  }

  /** How many observations are not delivered. */
  get records(): number {
    return this.#records;
  }

  /** How much of its room is used. */
  get bytes(): number {
    return this.#room.used;
  }

  /** Why nothing can be written at the moment, as a sentence. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  /** How long the oldest that is not delivered has been here, in seconds. */
  oldestSeconds(): number {
    for (const { key, value } of this.#opened.database.records.getRange({ start: this.#acknowledged + 1, limit: 1 })) {
      const record = decodeRecord(value, key);
      if (record) return Math.max(0, (this.#options.now() - record.at) / 1000);
    }
    return 0;
  }

  /** Resolves once it is on disk, which nothing is sent before; or when it was closed before it could be. */
  put({ items = [], hold, release = [], checkpoint }: Change<Place>): Promise<void> {
    for (const item of items) this.#add(item);
    for (const [name, observation] of hold ?? []) {
      const value = sealText(JSON.stringify(observation));
      this.#room.take(value.length - (this.#held.get(name) ?? 0));
      this.#held.set(name, value.length);
      this.#writer.open.hold(name, value);
    }
    for (const name of release) {
      this.#room.give(this.#held.get(name) ?? 0);
      this.#held.delete(name);
      this.#writer.open.release(name);
    }
    if (checkpoint !== undefined) this.#state.checkpoint = checkpoint;
    return this.#writer.commit();
  }

  /**
   * Puts a heartbeat that nobody has to wait with, and nothing has to go for.
   *
   * @returns whether there was room for it, and none before it that is not delivered
   */
  offer(heartbeat: Heartbeat): boolean {
    if (this.#heartbeat > this.#acknowledged || this.#writer.bytes > MOST_UNWRITTEN) return false;
    const value = encodeRecord({ observation: heartbeat, findings: [] }, this.#state.next, this.#options.now());
    if (!this.#room.hasFor(costOf(value))) return false;
    this.#options.metrics.received();
    this.#heartbeat = this.#state.next;
    this.#append(value);
    void this.#writer.commit();
    return true;
  }

  /** Resolves when there is room for more; false: it is being closed, and there is none. */
  room(): Promise<boolean> {
    return this.#room.wanted();
  }

  /** Observations that were left out for want of room, once there is some again: to be told, in the same turn. */
  takeLosses(): Losses | undefined {
    const { lost } = this.#state;
    if (lost.count === 0 || !this.#room.isThereAgain || this.#writer.bytes > MOST_UNWRITTEN) return undefined;
    this.#state.lost = { count: 0, seen: 0 };
    return lost;
  }

  /**
   * The oldest that are on disk and not delivered, at least one if there is any. They are on their way until asked again.
   *
   * @param after only those behind this position
   */
  read(most: { records: number; bytes: number }, after = -1): SpoolRecord[] {
    const run: SpoolRecord[] = [];
    let bytes = 0;
    const start = Math.max(this.#acknowledged, after) + 1;
    for (const { key, value } of this.#opened.database.records.getRange({ start })) {
      if (this.#leaving.has(key)) continue;
      if (run.length === most.records || (run.length > 0 && bytes + value.length > most.bytes)) break;
      const record = decodeRecord(value, key);
      if (!record) {
        this.#options.metrics.deadLetter('damaged');
        this.#options.logger.error({ position: key }, 'an observation in the spool is damaged and was left out');
        this.#leave(key, value);
        this.#options.onDamaged();
        continue;
      }
      bytes += value.length;
      run.push(record);
    }
    this.#lent = run.at(-1)?.position ?? this.#lent;
    return run;
  }

  /** The first of what was read last: the receiver has them, or never will. */
  acknowledge(records: readonly SpoolRecord[]): void {
    const last = records.at(-1);
    if (!last) return;
    this.#acknowledged = last.position;
    this.#records -= records.length;
    for (const { cost } of records) this.#room.give(cost);
    this.#options.metrics.sent(records.length);
    this.#droppable.forget(last.position);
    this.#writer.remove(last.position);
  }

  /** Resolves when more has come to disk, or when it is woken. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#onMore = resolve;
    });
  }

  wake(): void {
    this.#onMore();
  }

  /** Resolves once all that was put is on disk. */
  written(): Promise<void> {
    return this.#writer.commit();
  }

  /** Nobody waits for room any more: the sources stop before this does, and could not while it is full. */
  release(): void {
    this.#room.release();
  }

  /** What can be written is. */
  async close(): Promise<void> {
    this.release();
    await this.#writer.close();
    await this.#opened.database.close();
  }

  #add(item: Item): void {
    const { metrics, now } = this.#options;
    const { observation, findings } = item;
    const rank = rankOf(observation, findings);
    metrics.received();
    if (this.#isFlooded(rank, observation)) {
      this.#lose(observation);
      return;
    }
    const value = encodeRecord(item, this.#state.next, now(), rank);
    const cost = costOf(value);
    if (rank !== undefined && !this.#makeRoomFor(cost, rank, observation)) {
      this.#lose(observation);
      return;
    }
    this.#append(value, rank);
  }

  #append(value: Buffer, rank?: number): void {
    this.#writer.open.put(this.#state.next, value, rank);
    this.#state.next += 1;
    this.#room.take(costOf(value));
    this.#records += 1;
  }

  /** What comes faster than it can be written, or when not even the reserve is left: all that nobody waits with. */
  #isFlooded(rank: number | undefined, { kind }: Observation): boolean {
    if (rank === undefined && kind !== 'status') return false;
    const most = rank === undefined ? 2 * MOST_UNWRITTEN : MOST_UNWRITTEN;
    return this.#writer.bytes > most || this.#room.isOverfull;
  }

  #makeRoomFor(cost: number, rank: number, observation: Observation): boolean {
    while (!this.#room.hasFor(cost)) {
      const oldest = this.#droppable.take(rank, Math.max(this.#lent, this.#acknowledged));
      if (oldest === undefined) return false;
      const value = this.#opened.database.records.get(oldest);
      if (!value) continue;
      this.#leave(oldest, value);
      this.#lose(observation);
    }
    return true;
  }

  #leave(position: number, value: Buffer): void {
    this.#room.give(costOf(value));
    this.#records -= 1;
    this.#leaving.add(position);
    this.#writer.open.remove(position);
    void this.#writer.commit();
  }

  #lose({ seen }: Observation): void {
    this.#options.metrics.dropped('no-room');
    this.#state.lost = { count: this.#state.lost.count + 1, seen: Math.max(this.#state.lost.seen, seen) };
  }
}
