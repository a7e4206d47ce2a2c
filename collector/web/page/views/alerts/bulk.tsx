/** The same for several alerts. */
import { useState } from 'preact/hooks';
import type { AlertAction } from '../../../../../shared/schema/handling.ts';
import type { BulkAnswer, BulkBody } from '../../../../query/schemas/alerts.ts';
import { type ApiProblem, post } from '../../api/client.ts';
import type { LiveAlert } from '../../api/live.ts';
import { asProblem, myName } from '../../api/session.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/states.tsx';
import { counted, Said } from '../../parts/text.tsx';
import { CloseForm } from '../alert/close-form.tsx';

/** The collector takes no more in one go. */
const AT_ONCE = 200;

interface BulkProps {
  alerts: readonly LiveAlert[];
  onDone(changed: readonly LiveAlert[]): void;
  onCancel(): void;
}

export function Bulk({ alerts, onDone, onCancel }: BulkProps) {
  const [isBusy, setBusy] = useState(false);
  const [isClosing, setClosing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [refused, setRefused] = useState<readonly string[]>([]);
  const doToAll = async (action: AlertAction): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    setRefused([]);
    try {
      const { changed, problems } = await doToSeveral(alerts, action);
      setClosing(false);
      setRefused(problems);
      onDone(changed);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  if (alerts.length === 0 && refused.length === 0) return null;
  const myself = myName();
  return (
    <section class="bulk" aria-label="Selected alerts">
      {alerts.length > 0 && (
        <>
          <strong>{counted(alerts.length, 'alert')} selected</strong>
          <button type="button" disabled={isBusy} onClick={() => void doToAll({ action: 'acknowledge' })}>
            Acknowledge
          </button>
          {myself !== null && (
            <button
              type="button"
              disabled={isBusy}
              onClick={() => void doToAll({ action: 'assign', assignee: myself })}
            >
              Assign to me
            </button>
          )}
          <button type="button" disabled={isBusy} onClick={() => setClosing(true)}>
            Close…
          </button>
          <button type="button" class="quiet" onClick={onCancel}>
            Clear selection
          </button>
        </>
      )}
      {refused.length > 0 && (
        <ul role="alert">
          {refused.map((text) => (
            <li key={text}>
              <Said text={text} />
            </li>
          ))}
        </ul>
      )}
      {problem && !isClosing && <Failure problem={problem} />}
      {isClosing && (
        <Dialog title={`Close ${counted(alerts.length, 'alert')}`} onClose={() => setClosing(false)}>
          <CloseForm busy={isBusy} problem={problem} onClose={(action) => void doToAll(action)} />
        </Dialog>
      )}
    </section>
  );
}

async function doToSeveral(
  alerts: readonly LiveAlert[],
  action: AlertAction,
): Promise<{ changed: LiveAlert[]; problems: string[] }> {
  const changed: LiveAlert[] = [];
  const problems: string[] = [];
  for (let from = 0; from < alerts.length; from += AT_ONCE) {
    const body: BulkBody = {
      alerts: alerts.slice(from, from + AT_ONCE).map(({ cluster, id }) => ({ cluster, id })),
      do: action,
    };
    const { items } = await post<BulkAnswer>('/api/v1/alerts/actions', body);
    for (const item of items) {
      if ('alert' in item) changed.push(item.alert);
      else problems.push(`${item.id}: ${item.problem}`);
    }
  }
  return { changed, problems };
}
