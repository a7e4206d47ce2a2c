/**
 * The story of a theft: time-ordered sentences, made of its evidence. Requests that one client makes in one go are one
 * episode and one sentence.
 */
import type { Evidence, StoryLine } from '../schema/alert.ts';
import { MINUTE, type Micros, parseTime } from '../time.ts';

const MAX_LINES = 60;
export const MAX_DEEDS = 6;
const MAX_READS = 12;
/** A longer pause ends an episode. */
const PAUSE: Micros = MINUTE;

export interface StoryInput {
  /** Known beginning: how the credential came into being. */
  beginning: StoryLine | undefined;
  evidence: readonly Evidence[];
}

export function tell({ beginning, evidence }: StoryInput): StoryLine[] {
  const lines: StoryLine[] = beginning ? [beginning] : [];
  for (const episode of episodes(evidence)) {
    const [first] = episode;
    if (first) lines.push({ time: timeOf(first), sentence: sentenceOf(episode, first), observation: first.id });
  }
  if (lines.length <= MAX_LINES) return lines;
  const head = lines.slice(0, MAX_LINES / 2);
  const tail = lines.slice(-(MAX_LINES / 2 - 1));
  const left = lines.length - head.length - tail.length;
  return [...head, { time: tail[0]?.time ?? 0, sentence: `(${left} more steps are in the evidence.)` }, ...tail];
}

function episodes(evidence: readonly Evidence[]): Evidence[][] {
  const ordered = [...evidence].sort((a, b) => timeOf(a) - timeOf(b));
  const found: Evidence[][] = [];
  for (const item of ordered) {
    const current = found.at(-1);
    const last = current?.at(-1);
    if (current && last && isSameGo(last, item)) current.push(item);
    else found.push([item]);
  }
  return found;
}

const timeOf = (evidence: Evidence): Micros => parseTime(evidence.time) ?? 0;

function isSameGo(a: Evidence, b: Evidence): boolean {
  if (a.kind !== b.kind || timeOf(b) - timeOf(a) > PAUSE) return false;
  if (b.kind === 'read') return b.actor !== undefined && a.actor === b.actor;
  return (
    (b.kind === 'use' || b.kind === 'denied') &&
    a.source === b.source &&
    a.credential === b.credential &&
    a.userAgent === b.userAgent &&
    a.placement === b.placement
  );
}

/** Of one go, which begins with `first`. */
export function sentenceOf(episode: readonly Evidence[], first: Evidence): string {
  const from = first.source ? ` from ${first.source}` : '';
  const client = first.userAgent ? ` with ${short(first.userAgent)}` : '';
  switch (first.kind) {
    case 'use':
      return sentenceOfUses(first, deedsOf(episode));
    case 'denied':
      return `A credential was refused${from}${client}: ${told(deedsOf(episode))}.`;
    case 'issue':
      return `${first.what}${from}${client}.`;
    case 'read':
      return episode.length === 1
        ? `${first.what}.`
        : `${first.reader}, and its like of one session, ${reads(episode)}.`;
    case 'entry':
    case 'file':
    case 'status':
      return `${first.what}${from && `,${from}`}.`;
  }
}

/** Whose tokens were read, each once with how often. */
function reads(episode: readonly Evidence[]): string {
  const counts = new Map<string, number>();
  for (const { principal } of episode) counts.set(nameOf(principal), (counts.get(nameOf(principal)) ?? 0) + 1);
  const all = [...counts].map(([name, count]) => (count > 1 ? `${name} (${count} times)` : name));
  const shown = all.slice(0, MAX_READS).join(', ');
  const more = all.length > MAX_READS ? ` and ${all.length - MAX_READS} more` : '';
  const denied = episode.filter((read) => read.denied).length;
  const refused = denied === episode.length ? ', all denied' : denied > 0 ? `, ${denied} of them denied` : '';
  return `opened token files ${episode.length} times${refused}: of ${shown}${more}`;
}

/** What was done in one go. */
export interface Deeds {
  requests: number;
  /** How many different ones there are. */
  kinds: number;
  /** Some of these, each with how often. */
  some: readonly (readonly [what: string, count: number])[];
}

export function sentenceOfUses(
  { principal, source, placement, userAgent }: Pick<Evidence, 'principal' | 'source' | 'placement' | 'userAgent'>,
  deeds: Deeds,
): string {
  const from = source ? ` from ${source}` : '';
  const client = userAgent ? ` with ${short(userAgent)}` : '';
  const place = placeWords(placement);
  // Of no client: what follows is a colon.
  const where = client === '' ? place.replace(/,$/, '') : place;
  return `The token of ${nameOf(principal)} was used${from}${where}${client}: ${told(deeds)}.`;
}

function deedsOf(episode: readonly Evidence[]): Deeds {
  const counts = new Map<string, number>();
  for (const { what } of episode) counts.set(what, (counts.get(what) ?? 0) + 1);
  return { requests: episode.length, kinds: counts.size, some: [...counts] };
}

/** Each once with how often: `list pods in shop: 200 (3 times), ...`. */
function told({ requests, kinds, some }: Deeds): string {
  const shown = some.slice(0, MAX_DEEDS).map(([what, count]) => (count > 1 ? `${what} (${count} times)` : what));
  if (kinds === 1) return shown[0] ?? '';
  const more = kinds > shown.length ? `; and ${kinds - shown.length} more kinds of request` : '';
  return `${requests} requests: ${shown.join('; ')}${more}`;
}

const PLACES: Readonly<Record<string, string>> = {
  home: ', at home,',
  'away: internet': ', on the internet,',
  'away: outside-cluster': ', outside the cluster,',
  'away: other-node': ', another node,',
  'away: other-pod': ', another pod,',
  'away: host': ', the node itself,',
};
const placeWords = (placement: string | undefined): string => PLACES[placement ?? ''] ?? '';

const short = (userAgent: string): string => (userAgent.length > 40 ? `${userAgent.slice(0, 39)}…` : userAgent);

/** `shop/cart` for a ServiceAccount, anybody else as they are. */
export const nameOf = (principal: string | undefined): string =>
  principal?.startsWith('system:serviceaccount:')
    ? principal.slice('system:serviceaccount:'.length).replace(':', '/')
    : (principal ?? 'somebody');
