/** One credential: what it is, what it did, who read it, and its whole life on one line. */
import { Link } from 'wouter-preact';
import { printable } from '../../../../../shared/text.ts';
import type { CredentialAnswer } from '../../../../query/schemas/credential.ts';
import type { TimelineAnswer } from '../../../../query/schemas/history.ts';
import { useResource } from '../../api/resource.ts';
import { alertPath, credentialPath, historyPath, useAddress, usePathParts } from '../../parts/address.ts';
import { CopyButton } from '../../parts/copy.tsx';
import { Awaited } from '../../parts/states.tsx';
import { Said } from '../../parts/text.tsx';
import { useTitle } from '../../parts/title.ts';
import { clustersIn } from './clusters.ts';
import './credential.css';
import { Facts, Readers, Tallies } from './facts.tsx';
import { Timeline } from './timeline.tsx';

export default function Credential() {
  const [, id = ''] = usePathParts();
  useTitle(printable(id));
  const cluster = useAddress().of('cluster');
  const path = `/api/v1/credentials/${encodeURIComponent(id)}`;
  const known = useResource<CredentialAnswer>(path, { cluster });
  const timeline = useResource<TimelineAnswer>(`${path}/timeline`, { cluster });
  const clusters = clustersIn(known.problem);
  return (
    <div class="credential">
      <header>
        <h1>
          Credential <Said text={id} mono />
        </h1>
        <CopyButton text={id} label="Copy the credential's id" />
      </header>
      {clusters.length > 0 ? (
        <WhichCluster id={id} clusters={clusters} />
      ) : (
        <>
          <Awaited resource={known} what="the credential">
            {(credential) => <Known credential={credential} />}
          </Awaited>
          {known.value && (
            <section class="card" aria-labelledby="life-title">
              <h2 id="life-title">Its life</h2>
              <Awaited resource={timeline} what="its life">
                {(life) => <Timeline life={life} />}
              </Awaited>
            </section>
          )}
          {known.value && <Lists credential={known.value} />}
        </>
      )}
    </div>
  );
}

function WhichCluster({ id, clusters }: { id: string; clusters: readonly string[] }) {
  return (
    <section class="card" aria-labelledby="which-title">
      <h2 id="which-title">Several clusters know that credential. Which is meant?</h2>
      <ul>
        {clusters.map((cluster) => (
          <li key={cluster}>
            <Link href={credentialPath(id, cluster)}>{printable(cluster)}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Known({ credential }: { credential: CredentialAnswer }) {
  const { cluster, alerts, id } = credential;
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">What it is</h2>
      {alerts.length > 0 && (
        <p class="warned">
          <strong>{alerts.length === 1 ? 'An alert names it: ' : `${alerts.length} alerts name it: `}</strong>
          {alerts.map((alert) => (
            <span key={alert}>
              <Link href={alertPath({ cluster, id: alert })}>{printable(alert)}</Link>{' '}
            </span>
          ))}
        </p>
      )}
      <Facts credential={credential} />
      <p class="further">
        <Link href={historyPath({ credential: id, cluster })}>Everything that happened to it, in History</Link>
      </p>
    </section>
  );
}

function Lists({ credential }: { credential: CredentialAnswer }) {
  const { id, cluster, sources, userAgents, readers, issues } = credential;
  return (
    <div class="lists">
      <Tallies
        title="Used from"
        of="address"
        none="It was not seen to be used."
        rows={sources}
        href={(source) => historyPath({ credential: id, source, cluster })}
      />
      <Tallies
        title="User agents"
        of="user agent"
        none="It was not seen to be used."
        rows={userAgents}
        href={(userAgent) => historyPath({ credential: id, userAgent, cluster })}
      />
      <Readers readers={readers} />
      {issues.length > 0 && (
        <section class="card" aria-labelledby="issues-title">
          <h2 id="issues-title">Tokens issued with it</h2>
          <ul>
            {issues.map(({ id: observation, issued, principal, request }) => (
              <li key={observation}>
                {issued === undefined ? (
                  `refused with ${request.code}`
                ) : (
                  <Link href={credentialPath(issued, cluster)}>
                    <Said text={issued} mono />
                  </Link>
                )}{' '}
                for {printable(principal)}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
