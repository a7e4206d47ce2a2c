/** What Truant does not see just now: without it, a short list of alerts would look like an all-clear. */
import { Link } from 'wouter-preact';
import type { FleetAnswer } from '../../../../query/schemas/fleet.ts';
import { useResource } from '../../api/resource.ts';
import { useEvery } from '../../parts/every.ts';
import { counted, Said } from '../../parts/text.tsx';
import { type Blindness, blindnessOf } from './blindness.ts';

const AGAIN_MS = 60_000;
const SHOWN = 3;

export function BlindNote() {
  const fleet = useResource<FleetAnswer>('/api/v1/fleet');
  useEvery(AGAIN_MS, fleet.reload);
  if (!fleet.value) {
    if (!fleet.problem) return null;
    return <Note title="Whether it sees everything can't be told now." lines={[]} />;
  }
  if (fleet.value.agents.length === 0) {
    return <Note title="No agent has reported yet: nothing is watched, so nothing can be found." lines={[]} />;
  }
  const lines = blindnessOf(fleet.value);
  if (lines.length === 0) return null;
  return <Note title="Truant does not see everything now. No alert is no all-clear." lines={lines} />;
}

function Note({ title, lines }: { title: string; lines: readonly Blindness[] }) {
  return (
    <aside class="blind-note" aria-label="Blind spots">
      <strong>{title}</strong>
      {lines.length > 0 && (
        <ul>
          {lines.slice(0, SHOWN).map(({ who, what }) => (
            <li key={`${who} ${what}`}>
              <Said text={who} mono />: <Said text={what} />
            </li>
          ))}
        </ul>
      )}{' '}
      <Link href="/fleet">
        {lines.length > SHOWN ? `${counted(lines.length - SHOWN, 'more thing')} in Fleet` : 'See Fleet'}
      </Link>
    </aside>
  );
}
