/** What somebody does about an alert. */
import { useState } from 'preact/hooks';
import type { AlertAction } from '../../../../../shared/schema/handling.ts';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { type ApiProblem, post } from '../../api/client.ts';
import { asProblem, mayAct, myName } from '../../api/session.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { TakesRole } from '../../parts/may.tsx';
import { Failure } from '../../parts/states.tsx';
import { CloseForm } from './close-form.tsx';
import { exceptionChoices } from './exception-choices.ts';
import { AssignForm, NoteForm } from './triage-forms.tsx';

interface TriageProps {
  alert: AlertAnswer;
  onDone(alert: AlertAnswer): void;
}

type Asking = 'assign' | 'comment' | 'close' | 'reopen';

export function Triage({ alert, onDone }: TriageProps) {
  const [asking, setAsking] = useState<Asking | undefined>();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  if (!mayAct()) return <TakesRole to="acknowledge, assign or close alerts" />;
  const act = async (action: AlertAction): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const path = `/api/v1/alerts/${encodeURIComponent(alert.id)}/actions`;
      onDone(await post<AlertAnswer>(path, action, { cluster: alert.cluster }));
      setAsking(undefined);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  const ask = (what: Asking): void => {
    setProblem(undefined);
    setAsking(what);
  };
  const stop = (): void => setAsking(undefined);
  const form = { busy: isBusy, problem };
  const myself = myName();
  return (
    <div class="triage" role="group" aria-label="Triage">
      {alert.status === 'open' && (
        <button type="button" class="primary" disabled={isBusy} onClick={() => void act({ action: 'acknowledge' })}>
          Acknowledge
        </button>
      )}
      {myself !== null && alert.assignee !== myself && alert.status !== 'closed' && (
        <button type="button" disabled={isBusy} onClick={() => void act({ action: 'assign', assignee: myself })}>
          Assign to me
        </button>
      )}
      <button type="button" onClick={() => ask('assign')}>
        Assign…
      </button>
      <button type="button" onClick={() => ask('comment')}>
        Comment…
      </button>
      {alert.status === 'closed' ? (
        <button type="button" onClick={() => ask('reopen')}>
          Reopen…
        </button>
      ) : (
        <button type="button" onClick={() => ask('close')}>
          Close…
        </button>
      )}
      {problem && !asking && <Failure problem={problem} />}
      {asking === 'close' && (
        <Dialog title="Close this alert" onClose={stop}>
          <CloseForm {...form} choices={exceptionChoices(alert)} onClose={(action) => void act(action)} />
        </Dialog>
      )}
      {asking === 'assign' && (
        <Dialog title="Assign this alert" onClose={stop}>
          <AssignForm {...form} now={alert.assignee} onAct={(action) => void act(action)} />
        </Dialog>
      )}
      {asking === 'comment' && (
        <Dialog title="Comment on this alert" onClose={stop}>
          <NoteForm {...form} button="Comment" required onNote={(note) => void act({ action: 'comment', note })} />
        </Dialog>
      )}
      {asking === 'reopen' && (
        <Dialog title="Reopen this alert" onClose={stop}>
          <NoteForm
            {...form}
            button="Reopen"
            onNote={(note) => void act({ action: 'reopen', ...(note !== '' && { note }) })}
          />
        </Dialog>
      )}
    </div>
  );
}
