/** The life of one credential, for people. */
import { z } from 'zod';
import { Binding } from '../../shared/schema/observation.ts';
import { formatTime } from '../../shared/time.ts';
import { whenText } from './alert-cells.ts';
import { bindingText, createProse, dayOf, timeOfDay, toSecond } from './prose.ts';
import type { Paint, Style } from './style.ts';

const time = z.number().nullable();
const Requester = z.looseObject({
  timeText: z.string(),
  actor: z.looseObject({ username: z.string() }),
  source: z.looseObject({ address: z.string().nullable() }),
});

/** What is shown of what a collector says about a credential. A newer collector may say more. */
export const ShownCredential = z.looseObject({
  cluster: z.string(),
  id: z.string(),
  kind: z.string().nullable(),
  principal: z.string().nullable(),
  binding: Binding,
  status: z.string(),
  firstSeen: time,
  lastSeen: time,
  uses: z.looseObject({
    total: z.number(),
    refused: z.number(),
    home: z.number(),
    away: z.number(),
    unclear: z.number(),
  }),
  sources: z.array(z.looseObject({ value: z.string().nullable(), count: z.number() })),
  readers: z
    .array(
      z.looseObject({
        relation: z.string().nullable(),
        program: z.string().nullable(),
        outcome: z.string(),
        count: z.number(),
      }),
    )
    .default([]),
  file: z.looseObject({ event: z.string(), node: z.string(), file: z.looseObject({ path: z.string() }) }).nullish(),
  issue: Requester.nullable(),
  alerts: z.array(z.string()),
});
export type ShownCredential = z.infer<typeof ShownCredential>;

export function renderCredential(credential: ShownCredential, style: Style, width: number): string[] {
  const { uses, issue, file } = credential;
  const { flow, fact } = createProse(style, width);
  const counts = [`${uses.home} at home`, `${uses.away} away`, `${uses.unclear} unclear`, `${uses.refused} refused`];
  return [
    ...flow(`${credential.id}${credential.kind ? ` (${credential.kind})` : ''}`, ''),
    ...fact('principal', credential.principal ?? ''),
    ...fact('belongs to', bindingText(credential.binding)),
    ...fact('status', `${credential.status} (cluster ${credential.cluster})`),
    ...fact(
      'issued',
      issue ? `${toSecond(issue.timeText)} to ${issue.actor.username} at ${issue.source.address ?? 'no address'}` : '',
    ),
    ...fact('seen', span(credential)),
    ...fact('uses', `${uses.total}: ${counts.join(', ')}`),
    ...fact('from', credential.sources.map(({ value, count }) => `${value ?? 'no address'} (${count}×)`).join(', ')),
    ...fact('in file', file ? `${file.file.path} on node ${file.node}, ${file.event}` : ''),
    ...fact('read by', credential.readers.map(readerText).join(', ')),
    ...fact('alerts', credential.alerts.join(', ')),
  ];
}

/** `/usr/bin/cat, exec-session (2×)` */
function readerText({ relation, program, outcome, count }: ShownCredential['readers'][number]): string {
  const who = program === null ? 'somebody unknown' : `${program}, ${relation}`;
  return `${who} (${count}×${outcome === 'allowed' ? '' : ` ${outcome}`})`;
}

function span({ firstSeen, lastSeen }: ShownCredential): string {
  return firstSeen === null || lastSeen === null ? '' : `${toSecond(firstSeen)} to ${toSecond(lastSeen)}`;
}

/** What is shown of a credential's life. A newer collector may know of more events. */
export const ShownTimeline = z.looseObject({
  lines: z.array(
    z.looseObject({
      event: z.string(),
      time: z.number(),
      until: time,
      count: z.number(),
      sentence: z.string(),
      placement: z.string().nullable(),
    }),
  ),
  left: z.number(),
});
type ShownTimeline = z.infer<typeof ShownTimeline>;

export function renderTimeline({ lines, left }: ShownTimeline, style: Style, width: number): string[] {
  const { flow } = createProse(style, width);
  if (lines.length === 0) return [];
  return [
    '',
    `  ${style.bold('Its life (UTC)')}`,
    ...lines.flatMap((line) => {
      const paint = toneOf(line.placement, style);
      const [first = '', ...more] = flow(`${line.sentence}${goingOn(line)}`, LIFE_INDENT);
      return [
        `  ${style.dim(whenText(formatTime(line.time)))}  ${paint(first.trimStart())}`,
        ...more.map((text) => LIFE_INDENT + paint(text.trimStart())),
      ];
    }),
    ...(left > 0 ? [`  ${style.dim(`${left} more lines are left out in between`)}`] : []),
  ];
}

const LIFE_INDENT = ' '.repeat(23);

/** What goes on is one line; how often is in the sentences about uses already. */
function goingOn({ event, time: from, until, count }: ShownTimeline['lines'][number]): string {
  if (count < 2) return '';
  const often = event === 'used' ? [] : [`${count}×`];
  // Counted where they were seen, and told of with the last one.
  if (until === null) return often.length === 0 ? '' : ` (${count}× until then)`;
  const end = dayOf(from) === dayOf(until) ? timeOfDay(until) : whenText(formatTime(until));
  const within = whenText(formatTime(from)) === whenText(formatTime(until)) ? [] : [`until ${end}`];
  const words = [...often, ...within];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function toneOf(placement: string | null, style: Style): Paint {
  if (placement === 'away') return style.red;
  return placement === 'unclear' ? style.yellow : (text) => text;
}
