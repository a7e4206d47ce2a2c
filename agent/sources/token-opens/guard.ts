/**
 * The thread that sees to it that nobody waits for ever, and that volumes are marked. It reads nothing that a process could
 * keep from it. An event that its reader does not answer in time, it lets through in the reader's stead; and as long as no
 * reader is in charge, it takes all events itself, and lets them through without a look at the opener.
 */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import { Control, GUARD, READERS } from './control.ts';
import { answer, CLOSED_AFTER_WRITE, EventQueue, type FanotifyEvent, OVERFLOW, PERMISSION } from './fanotify.ts';
import { Files } from './files.ts';
import { AT_FDCWD, Clocks, type Libc, millisBetween, Poll, READ_FLAGS } from './libc.ts';
import type { FromGuard, GuardData, ToGuard, VolumesChange, VolumesState } from './messages.ts';
import { openLine } from './open-line.ts';
import { Reports } from './reports.ts';
import { VolumeMarks } from './volume-marks.ts';

/** Mounts often come by the dozen. */
const SETTLE_MS = 20;
/** Looks at the mount table though nothing told of a change, and marks anew. */
const LOOK_AGAIN_MS = 5000;
/** A reader that waits for events gives a sign of life so often. */
const SIGN_MS = 200;
/** A reader that hangs for so long will not be back soon. */
const STUCK_MS = 1000;
/** Between two looks at the readers. */
const MAX_EVENTS = 256;

export class Guard {
  readonly #libc: Libc;
  readonly #data: GuardData;
  readonly #main: MessagePort;
  readonly #control: Control;
  readonly #clocks: Clocks;
  readonly #queues: readonly EventQueue[];
  readonly #marks: VolumeMarks;
  readonly #files: Files;
  readonly #reports: Reports;
  readonly #ports = new Map<number, MessagePort>();
  readonly #tickMs: number;
  /** Of each reader that hangs: since when, and whether that was told. */
  readonly #stuck = new Map<number, { since: number; asked: number; told: boolean }>();
  #state: VolumesState | undefined;
  #updatedAt = 0;
  #markedAnewAt = 0;

  constructor(libc: Libc, data: GuardData, main: MessagePort) {
    this.#libc = libc;
    this.#data = data;
    this.#main = main;
    this.#control = new Control(data.control);
    this.#clocks = new Clocks(libc);
    this.#queues = data.groups.map((group) => new EventQueue(libc, group));
    this.#marks = new VolumeMarks({
      libc,
      groups: data.groups,
      holdsOpeners: data.mode !== 'observe',
      podsRoot: data.podsRoot,
      maxVolumes: data.maxVolumes,
      onChange: (change) => this.#tellReaders(change),
      onGone: (volume) => this.#files.forget(volume),
    });
    this.#files = new Files(libc, (device) => this.#marks.table.of(device));
    this.#reports = new Reports(
      data.maxWaiting,
      (report) => this.#tell({ kind: 'report', ...report }),
      () => this.#control.taken(GUARD),
    );
    this.#tickMs = Math.min(50, Math.max(5, Math.floor(data.answerWithinMs / 5)));
  }

  run(): void {
    const mounts = this.#libc.openat(AT_FDCWD, '/proc/self/mountinfo', READ_FLAGS);
    const change = { fd: mounts, for: 'change' } as const;
    const calm = new Poll(this.#libc, [change]);
    const alone = new Poll(this.#libc, [change, ...this.#data.groups.map((fd) => ({ fd, for: 'input' }) as const)]);
    this.#hearMail();
    this.#update(true);
    this.#tell({ kind: 'ready' });
    let hasChanged = false;
    while (!this.#control.hasEnded) {
      if ((this.#isAlone() ? alone : calm).wait(this.#tickMs)) hasChanged = true;
      this.#hearMail();
      this.#watchReaders();
      if (this.#isAlone()) for (const queue of this.#queues) this.#serve(queue);
      const now = this.#clocks.ticks();
      const isDue = millisBetween(this.#markedAnewAt, now) >= LOOK_AGAIN_MS;
      if (isDue || (hasChanged && millisBetween(this.#updatedAt, now) >= SETTLE_MS)) {
        hasChanged = false;
        this.#update(isDue);
      }
      this.#reports.flush();
    }
    this.#watchReaders();
    this.#reports.flush();
    this.#libc.close(mounts);
  }

  #isAlone(): boolean {
    return this.#control.isRunning && this.#control.active === undefined;
  }

  #update(anew: boolean): void {
    const state = this.#marks.update(anew);
    this.#updatedAt = this.#clocks.ticks();
    if (anew) this.#markedAnewAt = this.#updatedAt;
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#tell({ kind: 'volumes', ...state });
  }

  #watchReaders(): void {
    const now = this.#clocks.ticks();
    const isLast = this.#control.hasEnded;
    for (let reader = 0; reader < READERS; reader += 1) {
      const busy = this.#control.busyWith(reader);
      const isLate =
        busy !== undefined && millisBetween(busy.since, now) > this.#data.answerWithinMs - this.#tickMs - 1;
      if (busy && (isLate || isLast) && this.#control.settle(reader, busy.sequence)) {
        this.#letThrough(busy);
        this.#replace(reader, now, busy.asked);
      }
      if (
        this.#control.active === reader &&
        this.#control.millisSilent(reader, now) > SIGN_MS + this.#data.answerWithinMs
      ) {
        this.#replace(reader, now, 0);
      }
    }
    this.#watchStuck(now);
  }

  #replace(reader: number, now: number, asked: number): void {
    this.#control.resign(reader);
    this.#stuck.set(reader, { since: now, asked, told: false });
  }

  /** Most readers that are late come back within a moment, and take over again by themselves. */
  #watchStuck(now: number): void {
    if (this.#control.active !== undefined) {
      if ([...this.#stuck.values()].some(({ told }) => told)) this.#tell({ kind: 'recovered' });
      this.#stuck.clear();
      return;
    }
    for (const [reader, stuck] of this.#stuck) {
      if (stuck.told || millisBetween(stuck.since, now) < STUCK_MS) continue;
      stuck.told = true;
      this.#tell({ kind: 'stuck', reader, asked: stuck.asked });
    }
  }

  #serve(queue: EventQueue): void {
    for (let i = 0; i < MAX_EVENTS; i += 1) {
      const event = queue.next();
      if (!event) return;
      if ((event.mask & OVERFLOW) !== 0) this.#reports.overflow();
      else this.#letThrough(event);
    }
  }

  /** Answers first. */
  #letThrough(event: FanotifyEvent): void {
    const { mask, fd, pid } = event;
    if ((mask & PERMISSION) !== 0) answer(this.#libc, event, 'allow');
    const file = this.#files.look(fd);
    this.#libc.close(fd);
    if (!file) return;
    this.#files.keep(file);
    if (!file.claims || pid === process.pid) return;
    const access = (mask & CLOSED_AFTER_WRITE) === 0 ? 'read' : 'write';
    const path = this.#files.hostPath(file);
    const time = this.#clocks.now();
    this.#reports.add(openLine({ time, file, path, access, verdict: 'allow', pid, opener: 'timeout' }));
  }

  #tellReaders(change: VolumesChange): void {
    for (const [reader, port] of this.#ports) {
      port.postMessage(change);
      this.#control.sentMail(reader);
    }
  }

  #hearMail(): void {
    for (let got = receiveMessageOnPort(this.#main); got; got = receiveMessageOnPort(this.#main)) {
      const { reader, volumes } = got.message as ToGuard;
      this.#ports.get(reader)?.close();
      this.#ports.set(reader, volumes);
      volumes.postMessage({ gone: [], appeared: this.#marks.table.all } satisfies VolumesChange);
      this.#control.sentMail(reader);
    }
  }

  #tell(message: FromGuard): void {
    this.#main.postMessage(message);
  }
}
