/** What an output was told of an alert, and what the alert is now: what it has still to be told. Pure. */
import type { NoticeEvent } from '../../shared/formats/notice.ts';
import { type Alert, SEVERITIES } from '../../shared/schema/alert.ts';
import type { Micros } from '../../shared/time.ts';
import type { Told } from '../store/outputs.ts';

export interface Due {
  event: NoticeEvent;
  /** Can wait until enough time has passed since the output was told last. */
  canWait: boolean;
  /** An update that those who want to hear of new alerts want to hear of. */
  isReopened?: true;
}

/** In order; none: it knows. */
export function dueOf(alert: Pick<Alert, 'revision' | 'status' | 'severity'>, told: Told | undefined): Due[] {
  if (told && isKnown(alert, told)) return [];
  const isClosed = alert.status === 'closed';
  const close: Due = { event: 'close', canWait: false };
  if (told === undefined || told.how === 'summary') {
    const create: Due = { event: 'create', canWait: false };
    return isClosed ? [create, close] : [create];
  }
  if (told.status === 'closed' && !isClosed) return [{ event: 'update', canWait: false, isReopened: true }];
  if (told.status !== 'closed' && isClosed) return [close];
  return [{ event: 'update', canWait: SEVERITIES.indexOf(alert.severity) <= SEVERITIES.indexOf(told.severity) }];
}

/** Of an alert that was closed before it was told of, the state before its closing is told first, with the same revision. */
const isKnown = ({ revision, status }: Pick<Alert, 'revision' | 'status'>, told: Told): boolean =>
  told.revision > revision || (told.revision === revision && (told.status === 'closed') === (status === 'closed'));

/** What the output knows once it was told. */
export function toldBy(
  event: NoticeEvent,
  { cluster, id, revision, status, severity }: Pick<Alert, 'cluster' | 'id' | 'revision' | 'status' | 'severity'>,
  at: Micros,
): Told {
  const known = event === 'create' && status === 'closed' ? 'open' : status;
  return { cluster, id, revision, status: known, severity, how: 'notice', at };
}
