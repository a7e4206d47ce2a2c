/** How well Truant itself sees: agents, blind spots, the collector. It keeps itself up to date. */
import type { FleetAnswer } from '../../../../query/schemas/fleet.ts';
import type { StatusAnswer } from '../../../../query/schemas/status.ts';
import { useResource } from '../../api/resource.ts';
import { type AddressState, useAddress } from '../../parts/address.ts';
import { useEvery } from '../../parts/every.ts';
import { Awaited, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useTitle } from '../../parts/title.ts';
import { HEALTH_WORDS, HEALTHS, worstFirst } from './advice.ts';
import { Agents } from './agents.tsx';
import { BlindSpots } from './blind-spots.tsx';
import { Collector } from './collector.tsx';
import './fleet.css';

const EVERY_MS = 15_000;

export default function Fleet() {
  useTitle('Fleet');
  const fleet = useResource<FleetAnswer>('/api/v1/fleet');
  const status = useResource<StatusAnswer>('/api/v1/status');
  const address = useAddress();
  useEvery(EVERY_MS, () => {
    fleet.reload();
    status.reload();
  });
  return (
    <div class="fleet">
      <header>
        <h1>Fleet</h1>
        {fleet.value && (
          <span class="soft">
            as of <Time at={fleet.value.time} as="clock" />, every 15 s
          </span>
        )}
      </header>
      <Awaited resource={fleet} what="the agents">
        {(answer) => <Known answer={answer} address={address} />}
      </Awaited>
      <section class="card" aria-labelledby="collector-title">
        <h2 id="collector-title">The collector {fleet.value && <small>version {fleet.value.version}</small>}</h2>
        <Awaited resource={status} what="the collector's state">
          {(answer) => <Collector status={answer} />}
        </Awaited>
      </section>
    </div>
  );
}

function Known({
  answer: { agents, blindSpots, version, time },
  address,
}: {
  answer: FleetAnswer;
  address: AddressState;
}) {
  const health = HEALTHS.find((one) => one === address.of('health'));
  const wanted = (address.of('q') ?? '').toLowerCase();
  const shown = agents
    .filter((agent) => health === undefined || agent.health === health)
    .filter(({ agent, cluster }) => `${cluster}/${agent}`.toLowerCase().includes(wanted))
    .toSorted(worstFirst);
  const spots = [...agents.flatMap((agent) => agent.blindSpots), ...blindSpots];
  return (
    <>
      <BlindSpots spots={spots} agents={agents.length} now={time} />
      <section class="card" aria-labelledby="agents-title">
        <div class="toolbar">
          <h2 id="agents-title">Agents</h2>
          <input
            type="search"
            aria-label="Filter agents"
            placeholder="Node or cluster"
            value={address.of('q') ?? ''}
            onInput={(event) => address.set({ q: event.currentTarget.value }, { replace: true })}
          />
          <fieldset class="healths">
            <legend class="unseen">Health</legend>
            {HEALTHS.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={health === one}
                onClick={() => address.set({ health: health === one ? null : one })}
              >
                {HEALTH_WORDS[one]} <strong>{agents.filter((agent) => agent.health === one).length}</strong>
              </button>
            ))}
          </fieldset>
        </div>
        {agents.length === 0 ? (
          <Empty title="No agent was heard of yet.">
            Run one on each node (deploy/agent.example.yaml), with this collector's address.
          </Empty>
        ) : shown.length === 0 ? (
          <Empty title="No agent is like that.">
            <button type="button" onClick={() => address.set({ q: null, health: null })}>
              Show all
            </button>
          </Empty>
        ) : (
          <Agents agents={shown} version={version} now={time} />
        )}
      </section>
    </>
  );
}
