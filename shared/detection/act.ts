/** How an alert changes by what people do about it. */
import { TruantError } from '../errors.ts';
import type { Alert } from '../schema/alert.ts';
import type { AlertAction } from '../schema/handling.ts';
import { formatTime, type Micros } from '../time.ts';

export interface Doing {
  by: string;
  /** The collector's clock. */
  at: Micros;
}

/**
 * @returns its next revision
 * @throws TruantError CONFLICT when it is not in a state for that, and why
 */
export function act(alert: Alert, action: AlertAction, doing: Doing): Alert {
  const { assignee: _assignee, resolution: _resolution, ...same } = alert;
  return {
    ...same,
    ...lifeAfter(alert, action, doing),
    updatedAt: formatTime(doing.at),
    revision: alert.revision + 1,
  };
}

type Life = Pick<Alert, 'status' | 'assignee' | 'resolution'>;

function lifeAfter({ status, assignee, resolution }: Life, action: AlertAction, { by, at }: Doing): Life {
  const owned = assignee === undefined ? {} : { assignee };
  const closed = resolution === undefined ? {} : { resolution };
  switch (action.action) {
    case 'acknowledge':
      if (status === 'closed') throw refused('The alert is closed.', 'Reopen it first.');
      if (status === 'acknowledged') throw refused('The alert is acknowledged already.');
      return { status: 'acknowledged', ...owned };
    case 'assign':
      return { status, ...closed, ...(action.assignee !== null && { assignee: action.assignee }) };
    case 'comment':
      return { status, ...closed, ...owned };
    case 'close': {
      if (status === 'closed')
        throw refused('The alert is closed already.', 'To close it for another reason, reopen it first.');
      const { reason, note = '' } = action;
      return { status: 'closed', ...owned, resolution: { reason, note, by, at: formatTime(at) } };
    }
    case 'reopen':
      if (status !== 'closed') throw refused('The alert is not closed.');
      return { status: 'open', ...owned };
  }
}

const refused = (message: string, remedy?: string): TruantError =>
  new TruantError('CONFLICT', message, remedy === undefined ? {} : { remedy });
