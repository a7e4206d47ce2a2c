/** Outputs for people: how each is, what is wrong, and what to do. */
import { z } from 'zod';
import { outputTrouble } from '../../shared/output-trouble.ts';
import { Severity } from '../../shared/schema/alert.ts';
import { formatTime, SECOND } from '../../shared/time.ts';
import { whenText } from './alert-cells.ts';
import { spanText } from './fleet.ts';
import { counted } from './plural.ts';
import { createProse } from './prose.ts';
import type { Paint, Style } from './style.ts';
import type { Column } from './table.ts';

const Failure = z.looseObject({ reason: z.string(), detail: z.string(), remedy: z.string().nullable() });
type Failure = z.infer<typeof Failure>;

/** What is shown of an output. A newer collector may say more. */
export const OutputRow = z.looseObject({
  name: z.string(),
  type: z.string().nullable(),
  target: z.string(),
  format: z.string().nullable(),
  state: z.string(),
  delivered: z.number(),
  waiting: z.number(),
  lagSeconds: z.number(),
  failure: z.looseObject({ ...Failure.shape, since: z.number(), nextAttempt: z.number().nullable() }).nullable(),
  deadLetters: z.number(),
});
export type OutputRow = z.infer<typeof OutputRow>;

export const DeadLetterRow = z.looseObject({
  ...Failure.shape,
  id: z.string(),
  output: z.string(),
  cluster: z.string(),
  alert: z.string(),
  title: z.string(),
  severity: Severity,
  attempts: z.number(),
  at: z.number(),
});
export type DeadLetterRow = z.infer<typeof DeadLetterRow>;

export const TestRow = z.looseObject({
  ok: z.boolean(),
  alert: z.string(),
  milliseconds: z.number(),
  failure: Failure.nullable(),
});
export type TestRow = z.infer<typeof TestRow>;

const stateOf = ({ type, state }: OutputRow): string => (type === null ? 'gone' : state);

function toneOf(row: OutputRow, style: Style): Paint {
  const state = stateOf(row);
  if (state === 'ok') return style.green;
  return state === 'off' || state === 'gone' ? style.dim : style.red;
}

export const outputColumns = (style: Style): Column<OutputRow>[] => [
  { heading: 'STATE', cell: stateOf, paint: (row) => toneOf(row, style) },
  { heading: 'NAME', cell: ({ name }) => name, min: 10 },
  { heading: 'TYPE', cell: ({ type }) => type ?? '', spare: 1 },
  { heading: 'TARGET', cell: ({ target }) => target, min: 12, spare: 2 },
  { heading: 'FORMAT', cell: ({ format }) => format ?? '', spare: 3 },
  { heading: 'DELIVERED', cell: ({ delivered }) => String(delivered), align: 'right', spare: 1 },
  { heading: 'WAITING', cell: ({ waiting }) => String(waiting), align: 'right' },
  { heading: 'BEHIND', cell: ({ lagSeconds }) => spanText(lagSeconds * SECOND), align: 'right' },
  {
    heading: 'DEAD LETTERS',
    cell: ({ deadLetters }) => String(deadLetters),
    align: 'right',
    paint: ({ deadLetters }) => (deadLetters > 0 ? style.red : style.dim),
  },
];

export const deadLetterColumns = (style: Style): Column<DeadLetterRow>[] => [
  { heading: 'GIVEN UP', cell: ({ at }) => whenText(formatTime(at)) },
  { heading: 'OUTPUT', cell: ({ output }) => output, min: 8 },
  { heading: 'SEVERITY', cell: ({ severity }) => severity, paint: ({ severity }) => style.severity(severity) },
  { heading: 'TITLE', cell: ({ title }) => title, min: 16, spare: 1 },
  { heading: 'WHY', cell: ({ reason, detail }) => `${reason}: ${detail}`, min: 16 },
  { heading: 'TRIES', cell: ({ attempts }) => String(attempts), align: 'right', spare: 2 },
  { heading: 'CLUSTER', cell: ({ cluster }) => cluster, min: 7, spare: 2 },
  { heading: 'ALERT', cell: ({ alert }) => alert, spare: 1 },
  { heading: 'ID', cell: ({ id }) => id },
];

/** What is wrong with them, and what to do; none where all is well. */
export function troubleLines(rows: readonly OutputRow[], style: Style, width: number | undefined): string[] {
  const { flow } = createProse(style, width ?? 100);
  const lines = rows.flatMap((row) => troublesOf(row).flatMap((text) => flow(`${row.name}: ${text}`, '    ', '  ')));
  return lines.length === 0 ? [] : ['', style.bold('What is wrong'), ...lines];
}

function troublesOf({ name, type, failure, deadLetters }: OutputRow): string[] {
  const dead = deadLetters > 0 ? [`${counted(deadLetters, 'dead letter')}. ${deadLettersTodo(name, type)}`] : [];
  if (failure === null) return dead;
  const { since, nextAttempt } = failure;
  const next = nextAttempt === null ? '' : ` The next attempt is at ${whenText(formatTime(nextAttempt))} UTC.`;
  return [`since ${whenText(formatTime(since))} UTC: ${failureText(failure)}${next}`, ...dead];
}

const deadLettersTodo = (name: string, type: string | null): string =>
  type === null
    ? `It is not configured any more: configure it again, or truant outputs discard ${name} --all.`
    : `See truant outputs dead-letters ${name}; once it works, truant outputs replay ${name} --all.`;

/** A sentence of what the other side did, and one of what to do. */
const failureText = (failure: Failure): string => `${failure.detail} ${outputTrouble(failure).todo}`;

export function testLines(name: string, test: TestRow, style: Style, width: number | undefined): string[] {
  const { flow } = createProse(style, width ?? 100);
  const { alert, milliseconds, failure } = test;
  const after = `${Math.round(milliseconds)} ms`;
  if (test.ok) return flow(`${name}  the test alert ${alert} has arrived, after ${after}`, '    ', '');
  const why = failure === null ? '' : ` (${failure.reason}): ${failureText(failure)}`;
  return flow(`${name}  the test alert did not arrive, after ${after}${why}`, '    ', '');
}
