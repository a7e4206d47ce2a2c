/**
 * The agent says once a minute that it is there, of which version, and how it is doing: an agent that has nothing else to
 * tell is known to be alive by it. It is left out where it would be in the way.
 */
import { hash, randomUUID } from 'node:crypto';
import { type Component, createComponent } from '../shared/component/component.ts';
import type { Heartbeat } from '../shared/schema/observation.ts';
import { type Clock, formatTime, MINUTE, type Micros } from '../shared/time.ts';
import { VERSION } from '../shared/version.ts';

export interface HeartbeatOptions {
  node: string;
  clock: Clock;
  /** All that there are, this one as well. */
  components: () => readonly Component[];
  /** How far behind the audit log it is; undefined: it reads none, or that is not known. */
  lag: () => Micros | undefined;
  /** What waits in the spool. */
  waiting: () => Heartbeat['waiting'];
  /** May leave it out. */
  offer(heartbeat: Heartbeat): void;
}

const NAME = 'heartbeat';
const EVERY: Micros = MINUTE;
/** A playback's minutes are shorter, and a clock may be put back. */
const LOOK_MS = 1000;
const MOST_PARTS = 32;
const LONGEST = { name: 64, state: 32, detail: 512 };

/** Starts last, when all others have said how they are. */
export function createHeartbeat({ node, clock, components, lag, waiting, offer }: HeartbeatOptions): Component {
  const run = randomUUID();
  let startedAt: Micros = 0;
  let count = 0;
  let last: Micros = 0;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    const time = clock.now();
    last = time;
    const behind = lag();
    count += 1;
    offer({
      kind: 'heartbeat',
      id: hash('sha1', `heartbeat\n${node}\n${time}\n${run} ${count}`, 'hex').slice(0, 32),
      time,
      timeText: formatTime(time),
      seen: time,
      node,
      version: VERSION,
      startedAt,
      parts: components()
        .filter(({ name }) => name !== NAME)
        .slice(0, MOST_PARTS)
        .map(partOf),
      ...(behind !== undefined && { lag: behind }),
      waiting: waiting(),
    });
  }

  return createComponent(NAME, {
    start: () => {
      startedAt = clock.now();
      beat();
      timer = setInterval(() => {
        if (Math.abs(clock.now() - last) >= EVERY) beat();
      }, LOOK_MS);
    },
    stop: () => clearInterval(timer),
  });
}

function partOf(component: Component): Heartbeat['parts'][number] {
  const { state, detail } = component.status();
  return {
    name: component.name.slice(0, LONGEST.name),
    state: state.slice(0, LONGEST.state),
    ...(detail !== undefined && { detail: detail.slice(0, LONGEST.detail) }),
  };
}
