/** What is not seen, and what to do: the same one of many nodes is told once. */

import { printable } from '../../../../../shared/text.ts';
import type { FleetAnswer } from '../../../../query/schemas/fleet.ts';
import { counted, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { inWords, sourceName } from './advice.ts';
import { type Alike, alike } from './alike.ts';

type Spot = FleetAnswer['blindSpots'][number];
const MOST_NAMES = 12;

interface BlindSpotsProps {
  spots: readonly Spot[];
  agents: number;
  now: number;
}

export function BlindSpots({ spots, agents, now }: BlindSpotsProps) {
  if (spots.length === 0) {
    if (agents === 0) return null;
    return <p class="card all-seen">No agent says that it is blind to something.</p>;
  }
  return (
    <section class="card blind" aria-labelledby="blind-title">
      <h2 id="blind-title">Blind spots</h2>
      <p class="soft">No alert is no all-clear for what is not seen.</p>
      <ul>
        {alike(spots).map((group) => (
          <Group key={`${group.source} ${group.reason}`} group={group} now={now} />
        ))}
      </ul>
    </section>
  );
}

function Group({ group, now }: { group: Alike<Spot>; now: number }) {
  const { source, reason, status, spots } = group;
  const { means, todo } = inWords(group);
  const newest = Math.max(...spots.map(({ time }) => time));
  return (
    <li>
      <h3>
        {means}. <span class={`badge spot-${status}`}>{status}</span>
      </h3>
      <p>{todo}</p>
      <p class="soft">
        {printable(sourceName(source))}, {printable(reason)}, on {names(spots)}, last told{' '}
        <Time at={newest} as="ago" now={now} />
      </p>
      <details>
        <summary>{counted(spots.length, 'detail')}</summary>
        <ul>
          {spots.map(({ cluster, node, detail, time }) => (
            <li key={`${cluster} ${node} ${time} ${detail}`}>
              <strong>{printable(node === null ? cluster : `${cluster}/${node}`)}</strong> <Said text={detail} />{' '}
              <small>
                <Time at={time} />
              </small>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

function names(spots: readonly Spot[]): string {
  const all = [
    ...new Set(spots.map(({ cluster, node }) => (node === null ? `some node of ${cluster}` : `${cluster}/${node}`))),
  ];
  const more = all.length > MOST_NAMES ? ` and ${all.length - MOST_NAMES} more` : '';
  return `${all.slice(0, MOST_NAMES).map(printable).join(', ')}${more}`;
}
