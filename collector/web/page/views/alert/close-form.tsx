/** Why an alert is closed, and what of it is never to be told of again. */
import { useState } from 'preact/hooks';
import type { CloseReason } from '../../../../../shared/schema/alert.ts';
import type { AlertAction, ExceptionTerms } from '../../../../../shared/schema/handling.ts';
import type { ApiProblem } from '../../api/client.ts';
import { type Expiry, ExpirySelect, expiryTime } from '../../parts/expiry.tsx';
import { Field } from '../../parts/field.tsx';
import { Failure } from '../../parts/states.tsx';
import { accountName, counted, Said } from '../../parts/text.tsx';
import type { ExceptionChoice } from './exception-choices.ts';

const REASONS: readonly [CloseReason, string, string][] = [
  ['true-positive', 'True positive', 'A theft; it has been dealt with.'],
  ['false-positive', 'False positive', 'It did not happen as told.'],
  ['benign', 'Benign', 'It happened as told, and was allowed.'],
];

/** Whoever finds the exceptions later wants to know why. */
const REASON_HINT = 'It is the reason of the exceptions too.';

interface CloseFormProps {
  busy: boolean;
  problem: ApiProblem | undefined;
  /** What exceptions could be made of. */
  choices?: readonly ExceptionChoice[];
  onClose(action: AlertAction): void;
}

export function CloseForm({ busy, problem, choices = [], onClose }: CloseFormProps) {
  const [reason, setReason] = useState<CloseReason | undefined>();
  const [note, setNote] = useState('');
  const [excepted, setExcepted] = useState<ReadonlySet<ExceptionChoice>>(new Set());
  const [expiry, setExpiry] = useState<Expiry>('90');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!reason) return;
    onClose({
      action: 'close',
      reason,
      ...(note.trim() !== '' && { note: note.trim() }),
      ...(excepted.size > 0 && {
        exceptions: [...excepted].map(({ rule, principal, source }): ExceptionTerms => ({ rule, principal, source })),
        exceptionsExpireAt: expiryTime(expiry, Date.now()),
      }),
    });
  };
  return (
    <form onSubmit={submit} class="form">
      <fieldset>
        <legend>It turned out to be</legend>
        {REASONS.map(([value, name, meaning]) => (
          <label key={value} class="option">
            <input type="radio" name="reason" required checked={reason === value} onChange={() => setReason(value)} />
            <span>
              <strong>{name}</strong> <small>{meaning}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <Field label="Note" {...(excepted.size > 0 && { hint: REASON_HINT })}>
        {(own) => (
          <textarea
            {...own}
            rows={3}
            required={excepted.size > 0}
            maxLength={4000}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        )}
      </Field>
      {choices.length > 0 && (
        <fieldset>
          <legend>Never again tell of (optional)</legend>
          <ul class="choices">
            {choices.map((choice) => (
              <li key={`${choice.rule} ${choice.principal} ${choice.source}`}>
                <label class="option">
                  <input
                    type="checkbox"
                    checked={excepted.has(choice)}
                    onChange={() => setExcepted(toggled(excepted, choice))}
                  />
                  <span>
                    <strong>{choice.title}</strong>{' '}
                    <small>
                      by {accountName(choice.principal)},{' '}
                      {choice.source === null ? (
                        'whatever the source'
                      ) : (
                        <>
                          from <Said text={choice.source} mono />
                        </>
                      )}
                      , {counted(choice.count, 'finding')}
                    </small>
                  </span>
                </label>
              </li>
            ))}
          </ul>
          {excepted.size > 0 && <ExpirySelect value={expiry} onChange={setExpiry} label="The exceptions end" />}
        </fieldset>
      )}
      {problem && <Failure problem={problem} />}
      <button type="submit" class="primary" disabled={busy || !reason}>
        Close{excepted.size > 0 && ` with ${counted(excepted.size, 'exception')}`}
      </button>
    </form>
  );
}

function toggled<T>(set: ReadonlySet<T>, item: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
