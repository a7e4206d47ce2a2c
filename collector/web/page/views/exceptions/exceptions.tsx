/** What is not to be told of again: what it covers, who said so and why, and how often it kept something back. */
import './exceptions.css';
import { useState } from 'preact/hooks';
import type { Exception } from '../../../../../shared/schema/handling.ts';
import type { ExceptionsAnswer } from '../../../../query/schemas/alerts.ts';
import { useResource } from '../../api/resource.ts';
import { mayAct } from '../../api/session.ts';
import { useAddress } from '../../parts/address.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { TakesRole } from '../../parts/may.tsx';
import { Awaited, Empty } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { ExceptionForm } from './exception-form.tsx';
import { Revoke } from './revoke.tsx';
import { ExceptionsTable } from './table.tsx';

export default function Exceptions() {
  useTitle('Exceptions');
  const address = useAddress();
  const isAll = address.of('state') === 'all';
  const resource = useResource<ExceptionsAnswer>('/api/v1/exceptions', { state: isAll ? 'all' : 'active' });
  const [isAdding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Exception | undefined>();
  const done = (): void => {
    setAdding(false);
    setRevoking(undefined);
    resource.reload();
  };
  return (
    <>
      <h1>Exceptions</h1>
      <p class="soft">
        Findings of a rule about an account, used from a source, that are kept back and counted instead of becoming an
        alert.
      </p>
      <div class="toolbar">
        <label class="option">
          <input type="checkbox" checked={isAll} onChange={() => address.set({ state: isAll ? null : 'all' })} />
          Also expired and revoked ones
        </label>
        {mayAct() && (
          <button type="button" onClick={() => setAdding(true)}>
            Add an exception…
          </button>
        )}
      </div>
      {!mayAct() && <TakesRole to="add or revoke exceptions" />}
      <Awaited resource={resource} what="the exceptions">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={isAll ? 'There has never been an exception.' : 'No exception is in force.'}>
              They are made when an alert is closed, or added here.
            </Empty>
          ) : (
            <ExceptionsTable items={items} onRevoke={mayAct() ? setRevoking : undefined} />
          )
        }
      </Awaited>
      {isAdding && (
        <Dialog title="Add an exception" onClose={() => setAdding(false)}>
          <ExceptionForm onDone={done} />
        </Dialog>
      )}
      {revoking && (
        <Dialog title="Revoke this exception" onClose={() => setRevoking(undefined)}>
          <Revoke exception={revoking} onDone={done} />
        </Dialog>
      )}
    </>
  );
}
