/** Each agent, how it is and why; all it says of itself opens below it. */
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { printable } from '../../../../../shared/text.ts';
import type { FleetAnswer } from '../../../../query/schemas/fleet.ts';
import { historyPath } from '../../parts/address.ts';
import { Table } from '../../parts/table.tsx';
import { counted } from '../../parts/text.tsx';
import { durationText, Time } from '../../parts/time.tsx';
import { bytesText, HEALTH_WORDS, inWords, sourceName } from './advice.ts';

type Agent = FleetAnswer['agents'][number];
const MOST = 200;

interface AgentsProps {
  agents: readonly Agent[];
  /** Of the collector. */
  version: string;
  now: number;
}

export function Agents({ agents, version, now }: AgentsProps) {
  const [shown, setShown] = useState(MOST);
  return (
    <>
      <Table
        label="Agents"
        heads={[
          'agent',
          'health',
          'last heard',
          'behind',
          'waiting',
          { number: 'accepted' },
          { number: 'missing' },
          'version',
        ]}
        class="agents"
      >
        {agents.slice(0, shown).map((agent) => (
          <AgentRows key={`${agent.cluster}/${agent.agent}`} agent={agent} version={version} now={now} />
        ))}
      </Table>
      {agents.length > shown && (
        <p>
          <button type="button" onClick={() => setShown(shown + MOST)}>
            Show more: {(agents.length - shown).toLocaleString()} are left
          </button>
        </p>
      )}
    </>
  );
}

function AgentRows({ agent, version, now }: { agent: Agent; version: string; now: number }) {
  const [open, setOpen] = useState(false);
  const { health, because, lag, waiting, accepted, missing, rejected } = agent;
  return (
    <tbody class={open ? 'open' : undefined}>
      <tr>
        <th scope="row">
          <button type="button" class="quiet disclose" aria-expanded={open} onClick={() => setOpen(!open)}>
            <span aria-hidden="true">{open ? '▾' : '▸'}</span> {printable(agent.agent)}
          </button>
          <div class="soft">{printable(agent.cluster)}</div>
        </th>
        <td>
          <span class={`badge health-${health}`}>{HEALTH_WORDS[health]}</span>
          {because !== null && <div>{printable(because)}</div>}
        </td>
        <td>
          <Time at={agent.lastSeen} as="ago" now={now} />
        </td>
        <td>{lag === null ? <span class="soft">not known</span> : lag < 1e6 ? 'no' : durationText(lag)}</td>
        <td>{waiting === null ? <span class="soft">not known</span> : waitingText(waiting)}</td>
        <td class="number">{accepted.toLocaleString()}</td>
        <td class="number">
          <span class={missing > 0 ? 'bad' : undefined}>{missing.toLocaleString()}</span>
          {rejected > 0 && <div class="bad">{rejected.toLocaleString()} refused</div>}
        </td>
        <td>
          <Version of={agent.version} collector={version} />
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={8}>
            <Details agent={agent} now={now} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

const waitingText = ({ records, bytes }: { records: number; bytes: number }): string =>
  records === 0 ? 'nothing' : `${counted(records, 'record')}, ${bytesText(bytes)}`;

function Version({ of, collector }: { of: string | null; collector: string }) {
  if (of === null) return <span class="soft">earlier; it does not say</span>;
  if (of === collector) return <span>{printable(of)}</span>;
  return (
    <>
      {printable(of)} <span class="badge other-version">collector: {printable(collector)}</span>
    </>
  );
}

function Details({ agent, now }: { agent: Agent; now: number }) {
  const { cluster, parts, blindSpots, startedAt, firstSeen, newest } = agent;
  return (
    <div class="agent-details">
      <p>
        {startedAt !== null && <>It runs since {durationText(now - startedAt)}. </>}
        First heard of <Time at={firstSeen} />.{' '}
        {newest !== null && (
          <>
            Its newest observation is of <Time at={newest} />.{' '}
          </>
        )}
        <Link href={historyPath({ node: agent.agent, cluster })}>What happened on its node</Link>
      </p>
      {parts.length > 0 && (
        <>
          <h3>Parts</h3>
          <ul>
            {parts.map(({ name, state, detail }) => (
              <li key={name}>
                {printable(sourceName(name))}:{' '}
                <span class={state === 'running' ? undefined : 'bad'}>{printable(state)}</span>
                {detail !== undefined && `, ${printable(detail)}`}
              </li>
            ))}
          </ul>
        </>
      )}
      {blindSpots.length > 0 && (
        <>
          <h3>Blind spots</h3>
          <ul>
            {blindSpots.map((spot) => (
              <li key={`${spot.source} ${spot.reason}`}>
                {inWords(spot).means}. {inWords(spot).todo} <small>{printable(spot.detail)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
