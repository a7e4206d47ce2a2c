/** The partitions that this collector has at the moment, and how a batch of one of them is taken. */
import type { Consumer, EachBatchPayload } from '../../../shared/kafka/client.ts';
import type { Consumed } from '../../store/store.ts';
import type { DeadLetter } from './dead-letters.ts';
import { Place, type Sight } from './place.ts';
import { placedOf, type Taking, type TakingFrom } from './taking.ts';

export interface PartitionsOptions {
  topic: string;
  taking: Taking;
  /** So many records came. */
  onRead(count: number): void;
  /** So many observations of them were new, and are stored. */
  onStored(count: number): void;
  /** What was not as it had been. */
  onSight(sight: Exclude<Sight, { found: 'go-on' }>, partition: number): void;
  setAside(letters: readonly DeadLetter[], partition: number): Promise<void>;
  /** The store did not take something: resolves when it is to be tried again, after some time. */
  onFailure(error: unknown, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

/** Stored in one go: enough that a commit costs little for each, few enough that one is soon over. */
const MAX_TAKEN = 1000;
/** As often as may be wanted: kafkajs leaves out what is too soon. */
const HEARTBEAT_MS = 300;

class Stopped extends Error {}

export class Partitions {
  readonly #options: PartitionsOptions;
  readonly #places = new Map<number, Place>();
  /** Of those it has: the offset behind the last record. */
  readonly #ends = new Map<number, number>();
  #reading: Promise<void> = Promise.resolve();

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  /** How far the store says that partitions are consumed. */
  load(consumed: readonly Consumed[]): void {
    this.#places.clear();
    for (const one of consumed) this.#places.set(one.partition, new Place(one));
  }

  /** From now on it has these and no others. */
  assign(partitions: readonly number[], consumer: Consumer): void {
    this.#ends.clear();
    for (const partition of partitions) {
      this.#ends.set(partition, 0);
      this.#seek(partition, consumer);
    }
  }

  /** Where it stands in those it has: the offset of the next record of each. */
  stand(): ReadonlyMap<number, number> {
    return new Map([...this.#ends.keys()].map((partition) => [partition, this.#place(partition).next]));
  }

  /**
   * Where the partition's records end, as the brokers say.
   *
   * @param asked.stood where it stood when they were asked: what was read since may be behind what they said
   */
  endsAt(partition: number, end: number, asked: { stood: ReadonlyMap<number, number>; consumer: Consumer }): void {
    if (!this.has(partition)) return;
    this.#ends.set(partition, end);
    if (end >= (asked.stood.get(partition) ?? 0) || !this.#place(partition).isBeyond(end)) return;
    this.#options.onSight({ found: 'made-anew', from: undefined }, partition);
    this.#seek(partition, asked.consumer);
  }

  has(partition: number): boolean {
    return this.#ends.has(partition);
  }

  /** How many records are still to be read, as far as is known. */
  lag(): number {
    return [...this.#ends].reduce((sum, [partition, end]) => sum + Math.max(0, end - this.#place(partition).next), 0);
  }

  /** Resolves when nothing is being taken. */
  idle(): Promise<void> {
    return this.#reading;
  }

  /** Rejects when the brokers decide anew who has what, and when they can't be reached. */
  read(payload: EachBatchPayload, consumer: Consumer): Promise<void> {
    const done = this.#read(payload, consumer);
    this.#reading = done.catch(() => undefined);
    return done;
  }

  async #read(payload: EachBatchPayload, consumer: Consumer): Promise<void> {
    const { batch, heartbeat, isRunning, isStale, resolveOffset, commitOffsetsIfNecessary } = payload;
    const { partition, messages } = batch;
    const { signal, topic, taking, onRead, onSight } = this.#options;
    const isOver = () => signal.aborted || !isRunning() || isStale() || !this.has(partition);
    const [first, last] = [messages[0], messages.at(-1)];
    if (!first || !last || isOver()) return;
    this.#ends.set(partition, Number(batch.highWatermark));
    const place = this.#place(partition);
    const sight = place.see(placedOf(first));
    if (sight.found !== 'go-on') onSight(sight, partition);
    if (sight.from === undefined) {
      this.#seek(partition, consumer);
      return;
    }
    const from = this.#from(place, partition, heartbeat);
    // A commit may take longer than the brokers wait for a sign of life. What they answer the next one tells.
    const beating = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      for (let at = sight.from; at < messages.length && !isOver(); at += MAX_TAKEN) {
        const records = messages.slice(at, at + MAX_TAKEN);
        onRead(records.length);
        await taking.takeAll(
          records.map((record) => taking.candidate(record)),
          from,
        );
        await heartbeat();
      }
      if (isOver()) return;
      resolveOffset(last.offset);
      const offset = String(place.next);
      await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      clearInterval(beating);
      // It was decided anew who has what while this was being taken: the place is no longer what it was then.
      if (isStale()) this.#seek(partition, consumer);
    }
  }

  #from(place: Place, partition: number, heartbeat: () => Promise<void>): TakingFrom {
    const { topic, signal, onStored, setAside, onFailure } = this.#options;
    return {
      here: () => place.here(topic, partition),
      after: (record) => place.after(record, topic, partition),
      moved: (consumed, accepted) => {
        place.moveTo(consumed);
        onStored(accepted);
      },
      setAside: (letters) => (letters.length > 0 ? setAside(letters, partition) : Promise.resolve()),
      failed: async (error) => {
        await onFailure(error, signal);
        if (signal.aborted) throw new Stopped();
        await heartbeat();
      },
    };
  }

  #seek(partition: number, consumer: Consumer): void {
    const offset = String(this.#place(partition).readFrom());
    consumer.seek({ topic: this.#options.topic, partition, offset });
  }

  #place(partition: number): Place {
    let place = this.#places.get(partition);
    if (!place) this.#places.set(partition, (place = new Place()));
    return place;
  }
}
