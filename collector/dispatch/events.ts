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
  if (told && told.revision >= alert.revision) return [];
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

/**
 * What the output knows once it was told. Of an alert that was closed before it was told of, that it is new is the state before
 * its closing: a dead letter of it stays until it has been told of that, too.
 */
export function toldBy(
  event: NoticeEvent,
  { cluster, id, revision, status, severity }: Pick<Alert, 'cluster' | 'id' | 'revision' | 'status' | 'severity'>,
  at: Micros,
): Told {
  const isBefore = event === 'create' && status === 'closed';
  const known = isBefore ? ({ revision: revision - 1, status: 'open' } as const) : { revision, status };
  return { cluster, id, ...known, severity, how: 'notice', at };
}
