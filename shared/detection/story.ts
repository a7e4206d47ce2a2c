/** The story of a theft: time-ordered sentences, made of its evidence. Repetitions are folded into one sentence. */
import type { Evidence, StoryLine } from '../schema/alert.ts';
import type { Micros } from '../time.ts';
import { parseTime } from '../time.ts';

const MAX_LINES = 60;

export interface StoryInput {
  /** Known beginning: how the credential came into being. */
  beginning: StoryLine | undefined;
  evidence: readonly Evidence[];
}

export function tell({ beginning, evidence }: StoryInput): StoryLine[] {
  const lines: StoryLine[] = [];
  if (beginning) lines.push(beginning);
  const ordered = [...evidence].sort((a, b) => timeOf(a) - timeOf(b));
  let at = 0;
  while (at < ordered.length) {
    const first = ordered[at] as Evidence;
    let count = 1;
    while (at + count < ordered.length && isLike(first, ordered[at + count] as Evidence)) count += 1;
    lines.push({ time: timeOf(first), sentence: sentence(first, count), observation: first.id });
    at += count;
  }
  if (lines.length <= MAX_LINES) return lines;
  const head = lines.slice(0, MAX_LINES / 2);
  const tail = lines.slice(-(MAX_LINES / 2 - 1));
  const left = lines.length - head.length - tail.length;
  return [
    ...head,
    { time: (tail[0] as StoryLine).time, sentence: `(${left} more steps are in the evidence.)` },
    ...tail,
  ];
}

const timeOf = (evidence: Evidence): Micros => parseTime(evidence.time) ?? 0;

const isLike = (a: Evidence, b: Evidence): boolean =>
  a.kind === b.kind &&
  a.source === b.source &&
  a.what === b.what &&
  a.credential === b.credential &&
  a.userAgent === b.userAgent;

function sentence(evidence: Evidence, count: number): string {
  const times = count > 1 ? ` (${count} times)` : '';
  const from = evidence.source ? ` from ${evidence.source}` : '';
  const client = evidence.userAgent ? ` with ${client60(evidence.userAgent)}` : '';
  switch (evidence.kind) {
    case 'use':
      return `${short(evidence.principal)} used${from}${placementWords(evidence.placement)}${client}: ${evidence.what}${times}.`;
    case 'issue':
      return `${evidence.what}${from}${client}${times}.`;
    case 'entry':
      return `${evidence.what}${from}${times}.`;
    case 'denied':
      return `A credential was refused${from}${client}: ${evidence.what}${times}.`;
    case 'read':
    case 'file':
    case 'status':
      return `${evidence.what}${times}.`;
  }
}

const placementWords = (placement: string | undefined): string =>
  placement?.startsWith('away') ? ` (${placement})` : '';
const client60 = (userAgent: string): string => (userAgent.length > 60 ? `${userAgent.slice(0, 59)}…` : userAgent);
const short = (principal: string | undefined): string =>
  principal?.startsWith('system:serviceaccount:')
    ? `Token of ${principal.slice('system:serviceaccount:'.length).replace(':', '/')}`
    : (principal ?? 'A credential');
