/** What the credential did, counted. */
import type { Deeds } from '../../../../../shared/schema/alert.ts';
import { counted, Said } from '../../parts/text.tsx';

const FIRST = 10;

export function DeedsCard({ did }: { did: Deeds }) {
  const rest = did.actions.slice(FIRST);
  return (
    <section class="card" aria-labelledby="did-title">
      <h2 id="did-title">What it did</h2>
      {did.requests === 0 ? (
        <p class="soft">No request has been seen.</p>
      ) : (
        <>
          <p>
            {counted(did.requests, 'request')}, {did.refused.toLocaleString()} refused
            {did.namespaces.length > 0 && (
              <>
                , in <Said text={did.namespaces.join(', ')} />
              </>
            )}
            .
          </p>
          <Actions actions={did.actions.slice(0, FIRST)} label="What it did most" />
          {rest.length > 0 && (
            <details>
              <summary>{counted(rest.length, 'more kind')} of request</summary>
              <Actions actions={rest} label="What else it did" />
            </details>
          )}
        </>
      )}
      {did.userAgents.length > 0 && (
        <>
          <h3>User agents</h3>
          <ul class="plain">
            {did.userAgents.map((agent) => (
              <li key={agent}>
                <Said text={agent} mono />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Actions({ actions, label }: { actions: Deeds['actions']; label: string }) {
  return (
    <table aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col">Namespace</th>
          <th scope="col" class="number">
            Times
          </th>
          <th scope="col" class="number">
            Refused
          </th>
        </tr>
      </thead>
      <tbody>
        {actions.map(({ action, namespace, count, refused }) => (
          <tr key={`${action} ${namespace}`}>
            <td>
              <Said text={action} mono />
            </td>
            <td>
              <Said text={namespace} />
            </td>
            <td class="number">{count.toLocaleString()}</td>
            <td class="number">{refused === 0 ? '' : refused.toLocaleString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
