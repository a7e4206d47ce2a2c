import type { ActionRecord } from '../../../../../shared/schema/handling.ts';
import { reasonName } from '../../parts/words.ts';

/** What somebody did, to be read after their name. */
export function deedOf({
  action,
  assignee,
  reason,
  by,
}: Pick<ActionRecord, 'action' | 'assignee' | 'reason' | 'by'>): string {
  switch (action) {
    case 'acknowledge':
      return 'acknowledged it';
    case 'assign':
      if (assignee === null) return 'took it from whoever looked after it';
      return assignee === by ? 'looks after it' : `assigned it to ${assignee}`;
    case 'comment':
      return 'commented';
    case 'close':
      return reason === null ? 'closed it' : `closed it as ${reasonName(reason)}`;
    case 'reopen':
      return 'reopened it';
  }
}
