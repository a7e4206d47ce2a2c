/** What the sensor's threads tell each other. */
import type { MessagePort } from 'node:worker_threads';
import type { TokenOpen } from '../../../shared/schema/token-open.ts';
import type { OpenPolicy } from './policy.ts';
import type { Volume } from './volumes.ts';

export type Mode = 'attribute' | 'observe' | 'enforce';

/** What every thread of the sensor is given at its start. */
export interface Shared {
  control: SharedArrayBuffer;
  /** Descriptors of the fanotify groups. */
  groups: number[];
  mode: Mode;
  answerWithinMs: number;
  maxWaiting: number;
}

export interface ReaderData extends Shared {
  /** Which of the readers it is. */
  reader: number;
  procRoot: string;
  policy: OpenPolicy;
  /** Processes whose arguments are not to be asked for. */
  shunned: number[];
}

export interface GuardData extends Shared {
  podsRoot: string;
  maxVolumes: number;
}

/** From the guard to the readers, before a volume is marked. What is gone comes first, as numbers of devices are given again. */
export interface VolumesChange {
  gone: Volume[];
  appeared: Volume[];
}

/** `volumes`: where it hears of volumes from now on, of all that are there first. */
export type ToReader = { policy: OpenPolicy } | { volumes: MessagePort };
/** The other end of it. */
export type ToGuard = { reader: number; volumes: MessagePort };

/** Opens, and what there was besides since the last report. */
export interface Report {
  opens: TokenOpen[];
  /** Opens that had to give way to newer ones, because the main thread did not take them. */
  dropped: number;
  /** How often the kernel's queue was full. */
  overflows: number;
  /** Opens by processes that are in none of our pid namespaces. */
  outside: number;
}

export type FromReader =
  /** It is in charge. `knowsHost`: it can tell the host's own namespaces. */
  { kind: 'ready'; knowsHost: boolean } | ({ kind: 'report' } & Report);
export type FromGuard =
  | { kind: 'ready' }
  | ({ kind: 'report' } & Report)
  | ({ kind: 'volumes' } & VolumesState)
  /** A reader hangs, and none is in charge. `asked`: the process whose arguments it waits for, or 0. */
  | { kind: 'stuck'; reader: number; asked: number }
  /** A reader is in charge again. */
  | { kind: 'recovered' };

export interface VolumesState {
  marked: number;
  /** Volumes that are not marked since there are too many. */
  beyondLimit: number;
  problem: MarkProblem | null;
}

/** Why volumes can't be found or marked. */
export interface MarkProblem {
  reason: 'pods-folder-missing' | 'mounts-unreadable' | 'mark-refused';
  detail: string;
}
