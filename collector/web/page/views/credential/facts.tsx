/** What is known of a credential, as terms, tables and counts. */
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import { nameOf } from '../../../../../shared/detection/story.ts';
import { printable } from '../../../../../shared/text.ts';
import type { CredentialAnswer } from '../../../../query/schemas/credential.ts';
import { historyPath } from '../../parts/address.ts';
import { Table } from '../../parts/table.tsx';
import { accountName, counted, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';

const STATUS = {
  issued: 'issued, not seen to be used',
  used: 'in use',
  stale: 'used past the time at which it should have been replaced',
  invalidated: 'used after it was invalidated',
} as const;

const KIND = {
  projected: 'projected: issued by the kubelet for a pod',
  minted: 'minted: issued by a TokenRequest of somebody else than a kubelet',
  legacy: 'legacy: the token of a Secret, which does not expire',
  certificate: "a client certificate that bears a ServiceAccount's name",
  unknown: 'unknown: the audit log does not name it',
} as const;

export function Facts({ credential }: { credential: CredentialAnswer }) {
  const { cluster, kind, principal, binding, status, firstSeen, lastSeen, uses, file, issue } = credential;
  return (
    <dl class="facts">
      <Fact term="Principal">
        {principal === null ? (
          'not known'
        ) : (
          <Link href={historyPath({ principal, cluster })}>{accountName(principal)}</Link>
        )}
      </Fact>
      <Fact term="Kind">{kind === null ? 'not known' : KIND[kind]}</Fact>
      <Fact term="State">
        <span class={status === 'used' || status === 'issued' ? undefined : 'bad'}>{STATUS[status]}</span>
      </Fact>
      <Fact term="Bound to">
        {binding.pod ? (
          <>
            pod{' '}
            <Link href={historyPath({ pod: binding.pod.uid, cluster })}>
              {printable(`${binding.pod.namespace}/${binding.pod.name}`)}
            </Link>{' '}
            <small>{printable(binding.pod.uid)}</small>
          </>
        ) : (
          'no pod'
        )}
        {binding.node && (
          <>
            {' on node '}
            <Link href={historyPath({ node: binding.node.name, cluster })}>{printable(binding.node.name)}</Link>
          </>
        )}
      </Fact>
      <Fact term="Cluster">{printable(cluster)}</Fact>
      <Fact term="First seen">{firstSeen === null ? 'never' : <Time at={firstSeen} />}</Fact>
      <Fact term="Last seen">{lastSeen === null ? 'never' : <Time at={lastSeen} />}</Fact>
      {file?.expiresAt !== undefined && (
        <Fact term="Expires">
          <Time at={file.expiresAt} />
        </Fact>
      )}
      {issue && (
        <Fact term="Issued">
          <Time at={issue.time} /> to {printable(nameOf(issue.actor.username))}
          {issue.source.address && (
            <>
              , from <Said text={issue.source.address} mono />
            </>
          )}
        </Fact>
      )}
      {file && (
        <Fact term="File">
          {file.event === 'gone' ? 'was at ' : 'at '}
          <Said text={file.file.path} mono /> on node {printable(file.node)}
        </Fact>
      )}
      <Fact term="Uses">
        {counted(uses.total, 'use')}: {uses.home.toLocaleString()} home,{' '}
        <span class={uses.away > 0 ? 'bad' : undefined}>{uses.away.toLocaleString()} away</span>,{' '}
        {uses.unclear.toLocaleString()} unclear, {uses.undecided.toLocaleString()} undecided;{' '}
        {uses.refused.toLocaleString()} refused
      </Fact>
    </dl>
  );
}

function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface TalliesProps {
  title: string;
  /** What is counted, one a row. */
  of: string;
  none: string;
  rows: readonly { value: string | null; count: number; firstSeen: number; lastSeen: number }[];
  href(value: string): string;
}

export function Tallies({ title, of, none, rows, href }: TalliesProps) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="soft">{none}</p>
      ) : (
        <Table label={title} heads={[of, { number: 'uses' }, 'first', 'last']}>
          <tbody>
            {rows.map(({ value, count, firstSeen, lastSeen }) => (
              <tr key={value}>
                <td>{value === null ? 'no address' : <Link href={href(value)}>{printable(value)}</Link>}</td>
                <td class="number">{count.toLocaleString()}</td>
                <td>
                  <Time at={firstSeen} />
                </td>
                <td>
                  <Time at={lastSeen} />
                </td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

const RELATION = {
  'in-container': 'its own container',
  'exec-session': 'an exec session in its container',
  'other-container-of-pod': 'another container of its pod',
  'other-pod': 'another pod',
  host: 'the node',
  kubelet: 'the kubelet',
  runtime: 'the container runtime',
} as const;
/** Who may rightly read it. */
const OWN: ReadonlySet<string | null> = new Set(['in-container', 'kubelet', 'runtime']);

export function Readers({ readers }: { readers: CredentialAnswer['readers'] }) {
  return (
    <section class="card">
      <h2>Read by</h2>
      {readers.length === 0 ? (
        <p class="soft">Nobody was seen to open a file with it. Agents without the sensor of opens can not see that.</p>
      ) : (
        <Table label="Read by" heads={['program', 'of', 'how', { number: 'times' }, 'last']}>
          <tbody>
            {readers.map((reader) => (
              <tr key={JSON.stringify(reader)}>
                <td>{reader.program === null ? 'not known' : <Said text={reader.program} mono />}</td>
                <td class={OWN.has(reader.relation) ? undefined : 'bad'}>
                  {reader.relation === null ? 'nobody can say' : RELATION[reader.relation]}
                </td>
                <td>
                  {reader.access}, {reader.outcome}
                </td>
                <td class="number">{reader.count.toLocaleString()}</td>
                <td>
                  <Time at={reader.lastSeen} />
                </td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
