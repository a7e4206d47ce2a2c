/**
 * What the threads of the sensor share: who is in charge of reading events, which event each reader is busy with since
 * when, and who may answer it. An event belongs to whoever `settle`s it first, its reader or the guard: that one answers,
 * reports and closes it, and the other one leaves it alone.
 *
 * A reader that hangs can't be ended (its thread is within a system call), only be replaced, so that there may be several.
 */

import type { FanotifyEvent } from './fanotify.ts';
import { millisBetween } from './libc.ts';

/** How many readers there may be, those that hang included. */
export const READERS = 4;
/** The guard, where a thread of any kind is meant. */
export const GUARD = 4;
const NOBODY = -1;

const [PHASE, ACTIVE, GLOBALS] = [0, 1, 2];
const [ENDED, RUNNING, ENDING] = [0, 1, 2];
/** Odd sequence: the event is not settled. */
const [SEQUENCE, SINCE, FD, PID, MASK, GROUP, ASKED, BEAT, MAIL, TAKEN, THREAD_WORDS] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
];

export interface BusyWith extends FanotifyEvent {
  /** Names the event among all of this reader. */
  sequence: number;
  /** Ticks when the reader took it up. */
  since: number;
  /** The process whose arguments the reader asked for last: they may be on a page that never comes. 0: none. */
  asked: number;
}

export class Control {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** Without `shared`: a new one. */
  constructor(shared?: SharedArrayBuffer) {
    this.shared = shared ?? new SharedArrayBuffer(4 * (GLOBALS + (GUARD + 1) * THREAD_WORDS));
    this.#words = new Int32Array(this.shared);
    if (shared) return;
    this.#words[PHASE] = RUNNING;
    this.#words[ACTIVE] = NOBODY;
  }

  get isRunning(): boolean {
    return Atomics.load(this.#words, PHASE) === RUNNING;
  }

  get hasEnded(): boolean {
    return Atomics.load(this.#words, PHASE) === ENDED;
  }

  /** The readers are to end. */
  stop(): void {
    Atomics.store(this.#words, PHASE, ENDING);
  }

  /** The guard is to end, too. */
  end(): void {
    Atomics.store(this.#words, PHASE, ENDED);
  }

  /** The reader in charge. */
  get active(): number | undefined {
    const reader = Atomics.load(this.#words, ACTIVE);
    return reader === NOBODY ? undefined : reader;
  }

  /** Puts a reader in charge if nobody is. */
  takeOver(reader: number): boolean {
    return Atomics.compareExchange(this.#words, ACTIVE, NOBODY, reader) === NOBODY;
  }

  /** Puts nobody in charge if this reader was. */
  resign(reader: number): boolean {
    return Atomics.compareExchange(this.#words, ACTIVE, reader, NOBODY) === reader;
  }

  /** @returns the event's sequence */
  begin(reader: number, { mask, fd, pid, group }: FanotifyEvent, now: number): number {
    const at = place(reader);
    Atomics.store(this.#words, at + SINCE, now);
    Atomics.store(this.#words, at + FD, fd);
    Atomics.store(this.#words, at + PID, pid);
    Atomics.store(this.#words, at + MASK, mask);
    Atomics.store(this.#words, at + GROUP, group);
    Atomics.store(this.#words, at + ASKED, 0);
    Atomics.store(this.#words, at + BEAT, now);
    return (Atomics.add(this.#words, at + SEQUENCE, 1) + 1) | 0;
  }

  /** True for the first who asks: the event is theirs. */
  settle(reader: number, sequence: number): boolean {
    return Atomics.compareExchange(this.#words, place(reader) + SEQUENCE, sequence, (sequence + 1) | 0) === sequence;
  }

  /** What a reader is busy with. */
  busyWith(reader: number): BusyWith | undefined {
    const at = place(reader);
    const sequence = Atomics.load(this.#words, at + SEQUENCE);
    if (sequence % 2 === 0) return undefined;
    const word = (offset: number): number => Atomics.load(this.#words, at + offset);
    return {
      sequence,
      since: word(SINCE),
      fd: word(FD),
      pid: word(PID),
      mask: word(MASK),
      group: word(GROUP),
      asked: word(ASKED),
    };
  }

  /** The reader is about to ask for the arguments of a process; of process 0: it has them. */
  asks(reader: number, pid: number): void {
    Atomics.store(this.#words, place(reader) + ASKED, pid);
  }

  /** A sign of life. */
  beat(reader: number, now: number): void {
    Atomics.store(this.#words, place(reader) + BEAT, now);
  }

  millisSilent(reader: number, now: number): number {
    return millisBetween(Atomics.load(this.#words, place(reader) + BEAT), now);
  }

  /** There are messages for a reader: told after they were sent, as it does not wait for any. */
  sentMail(reader: number): void {
    Atomics.add(this.#words, place(reader) + MAIL, 1);
  }

  /** Changes when there are. */
  mail(reader: number): number {
    return Atomics.load(this.#words, place(reader) + MAIL);
  }

  /** The main thread took so many opens of what a thread sent. */
  took(thread: number, opens: number): void {
    Atomics.add(this.#words, place(thread) + TAKEN, opens);
  }

  taken(thread: number): number {
    return Atomics.load(this.#words, place(thread) + TAKEN);
  }
}

const place = (thread: number): number => GLOBALS + thread * THREAD_WORDS;
