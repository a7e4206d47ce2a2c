/** What the store keeps about outputs: how far each has come, what it was told, and what could not be delivered. */
import type { NoticeEvent } from '../../shared/formats/notice.ts';
import type { AlertStatus, Severity } from '../../shared/schema/alert.ts';
import type { Micros } from '../../shared/time.ts';
import type { Page, Paging } from './store.ts';

/** Where an output stands. */
export interface OutputCursor {
  output: string;
  /** Changes of alerts up to this one are done with: delivered, told in a summary, a dead letter, or not for this output. */
  change: number;
  /** Since when the other side takes nothing, by the collector's clock; null while it does. */
  failingSince: Micros | null;
}

export interface AlertKey {
  cluster: string;
  id: string;
}

/** The newest state of an alert that an output has told of. */
export interface Told extends AlertKey {
  revision: number;
  status: AlertStatus;
  severity: Severity;
  /** `summary`: only counted in one, so that the receiver doesn't know it yet. */
  how: 'notice' | 'summary';
  /** By the collector's clock. */
  at: Micros;
}

/** An alert whose newest state an output could not deliver: one an output and alert. */
export interface DeadLetter {
  /** `dl_<20 hex digits>`, of output, cluster and alert. */
  id: string;
  output: string;
  cluster: string;
  alert: string;
  /** What could not be told: the state, and as what. */
  revision: number;
  event: NoticeEvent;
  title: string;
  severity: Severity;
  /** One of `FAILURE_REASONS`. */
  reason: string;
  detail: string;
  remedy: string | null;
  attempts: number;
  /** Since when it waited, and when it was given up; by the collector's clock. */
  since: Micros;
  at: Micros;
}

/** What is stored together, or not at all. */
export interface OutputProgress {
  cursor: OutputCursor;
  /** Each replaces the one of its alert. A dead letter of an alert that has been told of by a notice, in that state or a newer one, goes. */
  told: readonly Told[];
  /** Each replaces the one of its alert. */
  dead: readonly DeadLetter[];
}

export interface DeadLettersFilter {
  output?: string | undefined;
  /** At most 1000. */
  ids?: readonly string[] | undefined;
}

/** What is asked about alerts here waits neither for what is written nor for people's questions. */
export interface OutputsStore {
  /** Of every output that ever was, by name. */
  outputCursors(): Promise<OutputCursor[]>;
  /** Once it resolves it survives a crash. */
  saveOutput(progress: OutputProgress): Promise<void>;
  /** What the output was told of these; those that it was not told of are left out. */
  toldOf(output: string, alerts: readonly AlertKey[]): Promise<Told[]>;
  /** Alerts that are not closed and that the output was told of by a notice, those that changed last first. */
  openTold(output: string, limit: number): Promise<AlertKey[]>;
  /** Newest first. */
  deadLetters(filter: DeadLettersFilter, paging: Paging): Promise<Page<DeadLetter>>;
  /** By output. */
  deadLetterCounts(): Promise<Map<string, number>>;
  /** Lets go of an output's dead letters, of all of them or those. @returns how many that were */
  discardDeadLetters(filter: DeadLettersFilter & { output: string }): Promise<number>;
}
