/** How an agent is, in plain words, out of what is known about it. Pure. */
import type { z } from 'zod';
import type { Heartbeat } from '../../shared/schema/observation.ts';
import { DAY, HOUR, MINUTE, type Micros, SECOND } from '../../shared/time.ts';
import type { BlindSpot } from '../store/store.ts';
import type { AgentHealth } from './schemas/fleet.ts';

export type Health = z.infer<typeof AgentHealth>;

export interface Heard {
  /** When anything of it came last, by the collector's clock. */
  lastSeen: Micros;
  /** Undefined: an earlier agent's, which says nothing about itself. */
  said: { heardAt: Micros; heartbeat: Heartbeat } | undefined;
  /** Its own. */
  blindSpots: readonly BlindSpot[];
}

/** Five heartbeats. */
const SILENT_AFTER = 5 * MINUTE;
/** Behind the log, or on the way: longer than a busy minute. */
const LATE_AFTER = MINUTE;
const MOST_REASONS = 3;

/** Worst first. */
const WORST = ['silent', 'blind', 'late'] as const;

/** @returns the worst that is true, and why */
export function healthOf(heard: Heard, now: Micros): { health: Health; because: string | null } {
  for (const health of WORST) {
    const reasons = REASONS[health](heard, now);
    if (reasons.length === 0) continue;
    const more = reasons.length - MOST_REASONS;
    const told = more > 0 ? [...reasons.slice(0, MOST_REASONS), `There is more: ${more}.`] : reasons;
    return { health, because: told.join(' ') };
  }
  return { health: 'ok', because: null };
}

const REASONS: Readonly<Record<(typeof WORST)[number], (heard: Heard, now: Micros) => string[]>> = {
  silent: ({ lastSeen }, now) =>
    now - lastSeen > SILENT_AFTER ? [`Nothing was heard of it for ${lasting(now - lastSeen)}.`] : [],
  blind: ({ blindSpots, said }) => [
    ...blindSpots.flatMap(
      (spot) => BLINDNESS[spot.status]?.(SEES[spot.source] ?? `what ${spot.source} sees`, spot) ?? [],
    ),
    ...partsOf(said).flatMap(({ name, state, detail }) =>
      state === 'failed' ? `Its part ${name} has failed${detail === undefined ? '.' : `: ${ended(detail)}`}` : [],
    ),
  ],
  late: ({ blindSpots, said }, now) => [
    ...blindSpots
      .filter(({ status }) => status === 'lag')
      .map(({ source, reason, detail }) => `It is behind with ${SEES[source] ?? source} (${reason}: ${detail}).`),
    ...(said ? latenessOf(said, now) : []),
    ...partsOf(said).flatMap(({ name, state, detail }) =>
      state === 'degraded' && DELIVERS.has(name) && detail !== undefined ? ended(detail) : [],
    ),
  ],
};

function latenessOf(
  { heardAt, heartbeat: { lag = 0, time, waiting } }: NonNullable<Heard['said']>,
  now: Micros,
): string[] {
  const reasons: string[] = [];
  if (lag > LATE_AFTER) reasons.push(`It is ${lasting(lag)} behind the audit log.`);
  // What it says about itself stands in line with all the rest.
  if (now - heardAt > SILENT_AFTER) {
    reasons.push(`It sends, but has not said how it is for ${lasting(now - heardAt)}: too much may be waiting.`);
  } else if (heardAt - time > LATE_AFTER + MINUTE) {
    reasons.push(
      `What it sends comes ${lasting(heardAt - time)} late, with ${waiting.records} observations waiting behind it; or its clock is wrong.`,
    );
  }
  return reasons;
}

/** Whose trouble keeps back what was seen, and hides nothing. */
const DELIVERS: ReadonlySet<string> = new Set(['spool', 'outbox', 'kafka-transport']);

/** A leak is a danger, but hides nothing. */
const BLINDNESS: Readonly<Partial<Record<BlindSpot['status'], (what: string, spot: BlindSpot) => string>>> = {
  blind: (what, { reason, detail }) => `It can't see all of ${what} (${reason}: ${detail}).`,
  gap: (what, { reason, detail }) => `In the last day it missed some of ${what} (${reason}: ${detail}).`,
};

const SEES: Readonly<Record<string, string>> = {
  'audit-file': 'the audit log',
  kubernetes: 'the pods and nodes of the cluster',
  outbox: 'what it had to deliver',
  'token-files': 'the token files',
  'token-opens': 'who opens token files',
};

const partsOf = (said: Heard['said']): Heartbeat['parts'] => said?.heartbeat.parts ?? [];
const ended = (text: string): string => text.replace(/\.?$/, '.');

/** `12 minutes` */
export function lasting(time: Micros): string {
  const [name, unit] = UNITS.find(([, unit]) => time >= 2 * unit) ?? (['second', SECOND] as const);
  const count = Math.floor(time / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const;
