/** A credential's life in order of time, as sentences: what is known of it, folded. Pure. */
import { describe } from '../../shared/detection/deeds.ts';
import { toEvidence, type Witnessed } from '../../shared/detection/exhibit.ts';
import { deedOfRead } from '../../shared/detection/reads/words.ts';
import { nameOf, sentenceOf, sentenceOfUses } from '../../shared/detection/story.ts';
import type { Request, TokenFile, TokenIssue, TokenRead } from '../../shared/schema/observation.ts';
import type { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import { HOUR, type Micros } from '../../shared/time.ts';
import { LIFE_EVENTS, type LifeEvent, type LifeLine, type LifeTimeline } from './history-summaries.ts';

/** Uses from one place by one client that go on without a long pause. */
export interface UseEpisode {
  principal: string;
  source: string | null;
  userAgent: string | null;
  placement: Placement['verdict'] | null;
  where: AwayWhere | null;
  first: Micros;
  last: Micros;
  count: number;
  /** Id of its first use. */
  observation: string;
  /** How many different requests there are, and the most frequent of these. */
  kinds: number;
  deeds: {
    request: Pick<Request, 'verb' | 'resource' | 'subresource' | 'namespace' | 'uri' | 'code'>;
    count: number;
  }[];
}

/** What is known of one credential in one cluster. */
export interface LifeFacts {
  cluster: string;
  id: string;
  /** TokenRequests that it came from, and those made with it: each by its own id. */
  issues: readonly TokenIssue[];
  minted: readonly TokenIssue[];
  files: readonly TokenFile[];
  reads: readonly TokenRead[];
  episodes: readonly UseEpisode[];
  /** The first that is known of a newer credential of the same pod: in the same file, or as it was used. */
  newer: { id: string; how: 'in-file' | 'used'; time: Micros; observation: string } | undefined;
  /** The first use whose pod was gone by then. */
  podGone: { pod: string; time: Micros; observation: string } | undefined;
  /** The newest that is known of the cluster: what lies behind it has not happened yet. */
  now: Micros;
  /** How much more there is than these. */
  left: number;
}

const MOST_LINES = 500;
/** A longer pause between two alike makes two lines of them. */
export const PAUSE: Micros = HOUR;

export function lifeTimeline(facts: LifeFacts): LifeTimeline {
  const lines = [
    ...facts.issues.map((issue) => issued('issued', issue)),
    ...facts.files.flatMap(ofFile),
    ...facts.reads.map(ofRead),
    ...facts.episodes.map(ofEpisode),
    ...facts.minted.map((issue) => issued('minted', issue)),
    ...ends(facts),
  ].toSorted(inOrder);
  const folded = fold(lines);
  const kept = bounded(folded);
  return { cluster: facts.cluster, id: facts.id, lines: kept, left: facts.left + folded.length - kept.length };
}

const inOrder = (a: LifeLine, b: LifeLine): number =>
  a.time - b.time || LIFE_EVENTS.indexOf(a.event) - LIFE_EVENTS.indexOf(b.event);

/** Alike and without a long pause: one line. */
function fold(lines: readonly LifeLine[]): LifeLine[] {
  const open = new Map<string, LifeLine>();
  const folded: LifeLine[] = [];
  for (const line of lines) {
    const key = `${line.event}\n${line.placement}\n${line.source}\n${line.sentence}`;
    const before = open.get(key);
    if (before && line.time - (before.until ?? before.time) <= PAUSE) {
      before.count += line.count;
      before.until = Math.max(before.until ?? before.time, line.until ?? line.time);
    } else {
      const one = { ...line };
      open.set(key, one);
      folded.push(one);
    }
  }
  return folded;
}

/** What is usual is left out first, from the middle; then whatever is in the middle. */
function bounded(lines: readonly LifeLine[]): LifeLine[] {
  const unusual = lines.filter((line) => !isUsual(line)).length;
  const usual = lines.length - unusual;
  const room = Math.max(0, MOST_LINES - unusual);
  if (usual <= room && lines.length <= MOST_LINES) return [...lines];
  let place = 0;
  const kept = lines.filter((line) => {
    if (!isUsual(line)) return true;
    place += 1;
    return isAtAnEnd(place, usual, room);
  });
  return kept.filter((_line, index) => isAtAnEnd(index + 1, kept.length, MOST_LINES));
}

const isUsual = ({ event, placement }: LifeLine): boolean => event === 'used' && placement === 'home';

/** Whether the n-th of so many is one of the first or last, of which there is room for so many. */
const isAtAnEnd = (n: number, all: number, room: number): boolean =>
  n <= Math.ceil(room / 2) || n > all - Math.floor(room / 2);

interface Once extends Pick<LifeLine, 'event' | 'time' | 'sentence' | 'observation'> {
  source?: string | null;
}

const once = ({ source = null, ...line }: Once): LifeLine => ({
  ...line,
  until: null,
  count: 1,
  placement: null,
  source,
});

function issued(event: LifeEvent, issue: TokenIssue): LifeLine {
  return once({ event, time: issue.time, sentence: told(issue), source: issue.source.address, observation: issue.id });
}

function told(observation: Witnessed): string {
  const evidence = toEvidence({ observation, placement: undefined }, '');
  return sentenceOf([evidence], evidence);
}

const APPEARED = {
  present: 'It is in a file of',
  appeared: 'It appeared in a file of',
  rotated: 'It took the place of an older one in a file of',
};

function ofFile({ event, node, time, id, file }: TokenFile): LifeLine[] {
  const at = `${podIn(file.pod)} on node ${node}, ${file.path}`;
  if (event === 'gone') {
    return [once({ event: 'file-gone', time, sentence: `Its file is gone: of ${at}.`, observation: id })];
  }
  return [once({ event: 'appeared', time, sentence: `${APPEARED[event]} ${at}.`, observation: id })];
}

function podIn({ namespace, name, uid }: TokenFile['file']['pod']): string {
  return `the pod ${name === undefined ? uid : `${namespace ?? ''}/${name}`}`;
}

function ofRead(read: TokenRead): LifeLine {
  const { repeats = 0, ...one } = read;
  const line = once({ event: 'read', time: read.time, sentence: `${deedOfRead(one)}.`, observation: read.id });
  return { ...line, count: 1 + repeats };
}

function ofEpisode(episode: UseEpisode): LifeLine {
  const { source, userAgent, placement, where, first, last, count, kinds, deeds } = episode;
  const some = deeds.map(({ request, count }) => [describe(request), count] as const);
  const evidence = {
    principal: episode.principal,
    source,
    ...(userAgent !== null && { userAgent }),
    ...(placement !== null && { placement: where === null ? placement : `${placement}: ${where}` }),
  };
  return {
    event: 'used',
    time: first,
    until: last === first ? null : last,
    count,
    sentence: sentenceOfUses(evidence, { requests: count, kinds, some }),
    placement,
    source,
    observation: episode.observation,
  };
}

function ends({ newer, podGone, files, issues, now }: LifeFacts): LifeLine[] {
  const lines: LifeLine[] = [];
  if (newer) {
    const seen = newer.how === 'in-file' ? 'took its place in its file' : 'was used for the first time';
    const sentence = `A newer token of the same pod ${seen}: ${newer.id}.`;
    lines.push(once({ event: 'superseded', time: newer.time, sentence, observation: newer.observation }));
  }
  if (podGone) {
    const { time, pod, observation } = podGone;
    lines.push(once({ event: 'pod-gone', time, sentence: `The pod ${pod} was gone by now.`, observation }));
  }
  const [issue] = issues;
  const seconds = issue?.expirationSeconds;
  const expiry =
    files.find(({ expiresAt }) => expiresAt !== undefined)?.expiresAt ??
    (issue && seconds !== undefined ? issue.time + Math.round(seconds * 1e6) : undefined);
  if (expiry !== undefined && expiry <= now) {
    const [owner] = [issue?.principal, ...files.map(({ principal }) => principal)].filter((name) => name !== undefined);
    lines.push(
      once({ event: 'expired', time: expiry, sentence: `The token of ${nameOf(owner)} expired.`, observation: null }),
    );
  }
  return lines;
}
