/** What an alert says in a few lines: what happened, how bad, how sure, about whom. */
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { credentialPath, historyPath } from '../../parts/address.ts';
import { SeverityBadge, StatusBadge } from '../../parts/badges.tsx';
import { accountName, reasonName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';

export function Headline({ alert }: { alert: AlertAnswer }) {
  const { pod, node } = alert.binding;
  return (
    <>
      <p class="alert-badges">
        <SeverityBadge severity={alert.severity} /> <StatusBadge status={alert.status} />
        {alert.assignee !== undefined && (
          <span>
            looked after by <Said text={alert.assignee} />
          </span>
        )}
      </p>
      <h1>
        <Said text={alert.title} />
      </h1>
      <p class="alert-summary">
        <Said text={alert.summary} />
      </p>
      <p>
        <strong>{alert.confidence} confidence:</strong> <Said text={alert.confidenceWhy} />
      </p>
      {alert.resolution && (
        <p>
          <strong>Closed as {reasonName(alert.resolution.reason)}</strong> by <Said text={alert.resolution.by} />,{' '}
          <Time at={alert.resolution.at} />
          {alert.resolution.note !== '' && (
            <>
              : <Said text={alert.resolution.note} />
            </>
          )}
        </p>
      )}
      <dl class="facts">
        <Fact name="Principal">
          <Link href={historyPath({ principal: alert.principal })} title={alert.principal}>
            {accountName(alert.principal)}
          </Link>
        </Fact>
        {alert.credential !== null && (
          <Fact name="Credential">
            <Link href={credentialPath(alert.credential, alert.cluster)}>
              <Said text={alert.credential} mono />
            </Link>{' '}
            {alert.credentialKind !== null && <small>{alert.credentialKind}</small>}
          </Fact>
        )}
        {pod && (
          <Fact name="Pod">
            <Said text={`${pod.namespace}/${pod.name}`} />
          </Fact>
        )}
        {node && (
          <Fact name="Node">
            <Said text={node.name} />
          </Fact>
        )}
        <Fact name="Cluster">
          <Said text={alert.cluster} />
        </Fact>
        <Fact name="First seen">
          <Time at={alert.firstSeen} />
        </Fact>
        <Fact name="Last seen">
          <Time at={alert.lastSeen} />{' '}
          <small>
            (<Time at={alert.lastSeen} as="ago" />)
          </small>
        </Fact>
        {alert.expiresAt !== undefined && (
          <Fact name="Lives until">
            <Time at={alert.expiresAt} />
          </Fact>
        )}
      </dl>
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
