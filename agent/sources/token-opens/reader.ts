/**
 * The thread that takes events: sees whether a token is opened and by whom, answers, and only then tells it. While it
 * waits for nothing, whoever opens a file waits for it; so it does nothing else.
 */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { LostReason, TokenOpen } from '../../../shared/schema/token-open.ts';
import type { Micros } from '../../../shared/time.ts';
import { Arguments } from './arguments.ts';
import { Backlog } from './backlog.ts';
import { Control } from './control.ts';
import { answer, CLOSED_AFTER_WRITE, EventQueue, type FanotifyEvent, OVERFLOW, PERMISSION } from './fanotify.ts';
import { Files, type OpenedFile } from './files.ts';
import { Clocks, type Libc, millisBetween, Poll } from './libc.ts';
import type { FromReader, ReaderData, ToReader } from './messages.ts';
import { openLine } from './open-line.ts';
import { type FoundOpener, OpenerReader } from './opener-reader.ts';
import { type Verdict, verdictBy } from './policy.ts';
import { ProcFiles } from './proc-files.ts';
import { Reports } from './reports.ts';
import { VolumeTable } from './volume-table.ts';
import { Writing } from './writing.ts';

/** How long it sleeps at most: then it hears messages, and whether it is to end. */
const SLEEP_MS = 200;
/** The same while the main thread has not taken what was told. */
const RETRY_MS = 20;

/** Events of a group, until it is the next one's turn. */
const MAX_AT_ONCE = 8;

interface Judgement {
  file: OpenedFile;
  /** Absent: there is nothing to tell. */
  opener?: FoundOpener | LostReason;
  verdict: Verdict;
}

export class Reader {
  readonly #libc: Libc;
  readonly #data: ReaderData;
  readonly #main: MessagePort;
  readonly #control: Control;
  readonly #clocks: Clocks;
  readonly #backlogs: readonly Backlog[];
  readonly #volumes: VolumeTable;
  readonly #files: Files;
  readonly #openers: OpenerReader;
  readonly #reports: Reports;
  readonly #writing = new Writing();
  readonly #shunned: ReadonlySet<number>;
  #verdict: ReturnType<typeof verdictBy>;
  #mail = -1;

  constructor(libc: Libc, data: ReaderData, main: MessagePort) {
    const { reader, groups, procRoot } = data;
    this.#libc = libc;
    this.#data = data;
    this.#main = main;
    this.#control = new Control(data.control);
    this.#clocks = new Clocks(libc);
    this.#backlogs = groups.map((group) => new Backlog(new EventQueue(libc, group)));
    this.#volumes = new VolumeTable((volume) => this.#files.forget(volume));
    this.#files = new Files(libc, (device) => this.#volumes.of(device));
    this.#shunned = new Set(data.shunned);
    this.#verdict = verdictBy(data.policy);
    const proc = new ProcFiles(libc, procRoot);
    const args = new Arguments({
      proc,
      onAsk: (pid) => this.#control.asks(reader, pid),
      isShunned: (pid) => this.#shunned.has(pid),
    });
    this.#openers = new OpenerReader(proc, args, () => this.#clocks.ticks());
    this.#reports = new Reports(
      data.maxWaiting,
      (report) => this.#tell({ kind: 'report', ...report }),
      () => this.#control.taken(reader),
    );
  }

  /** Returns when all is to end, or another reader is in charge. */
  run(): void {
    const poll = new Poll(
      this.#libc,
      this.#data.groups.map((fd) => ({ fd, for: 'input' })),
    );
    if (!this.#isInCharge()) return;
    this.#tell({ kind: 'ready', knowsHost: this.#openers.knowsHost });
    while (this.#isInCharge()) {
      this.#hearMail();
      this.#control.beat(this.#data.reader, this.#clocks.ticks());
      let served = 0;
      for (const backlog of this.#backlogs) served += this.#serve(backlog);
      if (served > 0) continue;
      this.#reports.flush();
      poll.wait(this.#reports.hasMore ? RETRY_MS : SLEEP_MS);
      const now = this.#clocks.ticks();
      for (const backlog of this.#backlogs) backlog.rested(now);
    }
    this.#reports.flush();
  }

  #isInCharge(): boolean {
    const { reader } = this.#data;
    if (!this.#control.isRunning) return false;
    return this.#control.active === reader || this.#control.takeOver(reader);
  }

  /** Some events of a group, so that the others have their turn. @returns how many */
  #serve(backlog: Backlog): number {
    for (let count = 0; count < MAX_AT_ONCE; count += 1) {
      const event = this.#control.active === this.#data.reader ? backlog.next(this.#clocks) : undefined;
      if (!event) return count;
      this.#hearMail();
      if ((event.mask & OVERFLOW) !== 0) this.#reports.overflow();
      else this.#take(event, backlog.cameAfter);
      if (this.#reports.isBatch) this.#reports.flush();
    }
    return MAX_AT_ONCE;
  }

  /** @param cameAfter ticks */
  #take(event: FanotifyEvent, cameAfter: number): void {
    const { reader } = this.#data;
    const time = this.#clocks.now();
    const now = this.#clocks.ticks();
    const sequence = this.#control.begin(reader, event, now);
    const isLate = (event.mask & PERMISSION) !== 0 && millisBetween(cameAfter, now) > this.#data.answerWithinMs;
    const finding = this.#judge(event, isLate);
    if (!this.#control.settle(reader, sequence)) return;
    if ((event.mask & PERMISSION) !== 0) answer(this.#libc, event, finding?.verdict === 'deny' ? 'deny' : 'allow');
    this.#libc.close(event.fd);
    if (!finding) return;
    this.#files.keep(finding.file);
    if (finding.opener !== undefined) this.#note(event, time, { ...finding, opener: finding.opener });
  }

  #judge({ mask, fd, pid }: FanotifyEvent, isLate: boolean): Judgement | undefined {
    const file = this.#files.look(fd);
    if (!file) return undefined;
    const isWritten = (mask & CLOSED_AFTER_WRITE) !== 0 && this.#files.holdsToken(file.volume);
    if (!file.claims && !file.isEmpty && !isWritten) return { file, verdict: 'allow' };
    try {
      const opener = isLate ? 'timeout' : this.#openerOf(pid, file);
      if (typeof opener !== 'string' && opener.tgid === process.pid) return { file, verdict: 'allow' };
      return { file, opener, verdict: this.#verdictOn(mask, file, opener) };
    } catch {
      return { file, opener: 'unreadable', verdict: 'allow' };
    }
  }

  #openerOf(pid: number, file: OpenedFile): FoundOpener | LostReason {
    if (pid === 0) return 'unreadable';
    return this.#openers.read(pid, file) ?? this.#writing.openerOf(file, pid) ?? 'gone';
  }

  #verdictOn(mask: number, { volume }: OpenedFile, opener: FoundOpener | LostReason): Verdict {
    if (this.#data.mode !== 'enforce' || (mask & PERMISSION) === 0 || typeof opener === 'string') return 'allow';
    return this.#verdict(opener.proc, volume.podUid);
  }

  #note({ mask, pid }: FanotifyEvent, time: Micros, { file, opener, verdict }: Required<Judgement>): void {
    if (pid === 0) this.#reports.outside();
    const path = this.#files.hostPath(file);
    const line = (access: TokenOpen['access']): TokenOpen =>
      openLine({ time, file, path, access, verdict, pid, opener });
    // Where nobody is held, an open and its close can come as one event.
    if (mask !== CLOSED_AFTER_WRITE) {
      if (typeof opener !== 'string') this.#writing.opened(file, pid, opener);
      if (file.isEmpty) this.#writing.hold(file, line('read'));
      else if (file.claims) this.#reports.add(line('read'));
    }
    if ((mask & CLOSED_AFTER_WRITE) === 0) return;
    if (file.claims) for (const open of this.#writing.release(file)) this.#reports.add(open);
    if (this.#files.holdsToken(file.volume)) this.#reports.add(line('write'));
  }

  #hearMail(): void {
    const mail = this.#control.mail(this.#data.reader);
    if (mail === this.#mail) return;
    this.#mail = mail;
    for (let got = receiveMessageOnPort(this.#main); got; got = receiveMessageOnPort(this.#main)) {
      const message = got.message as ToReader;
      if ('policy' in message) this.#verdict = verdictBy(message.policy);
      else this.#volumes.listenTo(message.volumes);
    }
    this.#volumes.hear();
  }

  #tell(message: FromReader): void {
    this.#main.postMessage(message);
  }
}
