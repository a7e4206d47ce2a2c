/** The exceptions, a row each; on a narrow screen a card each. */
import { Link } from 'wouter-preact';
import type { Exception } from '../../../../../shared/schema/handling.ts';
import { alertPath } from '../../parts/address.ts';
import { accountName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { stateOf } from './state.ts';

interface TableProps {
  items: readonly Exception[];
  /** Undefined: whoever looks may not. */
  onRevoke: ((exception: Exception) => void) | undefined;
}

export function ExceptionsTable({ items, onRevoke }: TableProps) {
  return (
    <table class="exceptions">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Kept back</th>
          <th scope="col">Why, and who said so</th>
          <th scope="col">Until</th>
          <th scope="col" class="number">
            Times
          </th>
          <th scope="col">
            <span class="unseen">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((exception) => (
          <Row key={exception.id} exception={exception} onRevoke={onRevoke} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ exception, onRevoke }: { exception: Exception; onRevoke: TableProps['onRevoke'] }) {
  const { rule, principal, cluster, reason, createdBy, createdAt, suppressed, lastSuppressed } = exception;
  const state = stateOf(exception, Date.now() * 1000);
  return (
    <tr class={state === 'in force' ? '' : 'exception-over'}>
      <td>
        <span class={`badge ${state === 'in force' ? 'health-ok' : ''}`}>{state}</span>
      </td>
      <td>
        <Covers exception={exception} />
        <small>
          <Link href={`/rules/${encodeURIComponent(rule)}`}>
            <Said text={rule} />
          </Link>
          {cluster === null ? ', in every cluster' : `, in ${cluster}`}
        </small>
      </td>
      <td>
        {reason === '' ? <span class="soft">no reason given</span> : <Said text={reason} />}
        <small>
          <Said text={createdBy} />, <Time at={createdAt} />
          {exception.alert !== null && cluster !== null && (
            <>
              ,{' '}
              <Link
                href={alertPath({ cluster, id: exception.alert })}
                aria-label={`from an alert: the exception of ${accountName(principal)}`}
              >
                from an alert
              </Link>
            </>
          )}
        </small>
      </td>
      <td>
        <Until exception={exception} />
      </td>
      <td class="number">
        {suppressed.toLocaleString()}
        <span class="exception-times"> times kept back</span>
        {lastSuppressed !== null && (
          <small>
            last <Time at={lastSuppressed} as="ago" />
          </small>
        )}
      </td>
      <td>
        {onRevoke && state === 'in force' && (
          <button
            type="button"
            aria-label={`Revoke: ${rule}, ${accountName(principal)}`}
            onClick={() => onRevoke(exception)}
          >
            Revoke…
          </button>
        )}
      </td>
    </tr>
  );
}

export const Covers = ({ exception: { principal, source } }: { exception: Exception }) => (
  <span>
    <span title={principal}>{accountName(principal)}</span>{' '}
    {source === null ? (
      'whatever the source'
    ) : (
      <>
        from <Said text={source} mono />
      </>
    )}
  </span>
);

function Until({ exception: { revokedAt, revokedBy, expiresAt } }: { exception: Exception }) {
  if (revokedAt !== null) {
    return (
      <>
        revoked <Time at={revokedAt} />
        <small>
          by <Said text={revokedBy ?? 'somebody'} />
        </small>
      </>
    );
  }
  return expiresAt === null ? <span>for ever</span> : <Time at={expiresAt} />;
}
