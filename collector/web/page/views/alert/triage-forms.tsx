/** What is typed about an alert: a note, or who looks after it. */
import { useState } from 'preact/hooks';
import type { AlertAction } from '../../../../../shared/schema/handling.ts';
import type { ApiProblem } from '../../api/client.ts';
import { Field } from '../../parts/field.tsx';
import { Failure } from '../../parts/states.tsx';

interface FormProps {
  busy: boolean;
  problem: ApiProblem | undefined;
}

interface NoteFormProps extends FormProps {
  button: string;
  required?: boolean;
  onNote(note: string): void;
}

export function NoteForm({ busy, problem, button, required = false, onNote }: NoteFormProps) {
  const [note, setNote] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    onNote(note.trim());
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label="Note">
        {(own) => (
          <textarea
            {...own}
            rows={4}
            maxLength={4000}
            required={required}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        )}
      </Field>
      {problem && <Failure problem={problem} />}
      <button type="submit" class="primary" disabled={busy || (required && note.trim() === '')}>
        {button}
      </button>
    </form>
  );
}

interface AssignFormProps extends FormProps {
  now: string | undefined;
  onAct(action: AlertAction): void;
}

export function AssignForm({ busy, problem, now, onAct }: AssignFormProps) {
  const [name, setName] = useState(now ?? '');
  const submit = (event: Event): void => {
    event.preventDefault();
    onAct({ action: 'assign', assignee: name.trim() });
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label="Who looks after it">
        {(own) => (
          <input
            {...own}
            type="text"
            maxLength={256}
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      {problem && <Failure problem={problem} />}
      <div class="triage">
        <button type="submit" class="primary" disabled={busy || name.trim() === ''}>
          Assign
        </button>
        {now !== undefined && (
          <button type="button" disabled={busy} onClick={() => onAct({ action: 'assign', assignee: null })}>
            Nobody
          </button>
        )}
      </div>
    </form>
  );
}
