/** How many there were when, as bars: a line for each stretch of time, what was away first. */
import { z } from 'zod';
import { DAY, formatTime, MINUTE, type Micros, SECOND } from '../../shared/time.ts';
import { counted } from './plural.ts';
import type { Style } from './style.ts';

/** Every other key of a bucket is how many of a kind there are; a newer collector may know of more. */
export const ShownHistogram = z.looseObject({
  from: z.number().nullable(),
  width: z.number(),
  buckets: z.array(z.looseObject({ time: z.number(), away: z.number() }).catchall(z.number())),
});
export type ShownHistogram = z.infer<typeof ShownHistogram>;
type Bucket = ShownHistogram['buckets'][number];

export interface Shape {
  /** Of the terminal. */
  width: number;
  utf8: boolean;
  style: Style;
}

/** Without colour they have to differ too. */
const MARKS = { utf8: { away: '█', other: '░' }, ascii: { away: '#', other: '-' } } as const;
const LONGEST = 80;
const GAP = 2;

export function renderHistogram({ buckets, width }: ShownHistogram, shape: Shape): string[] {
  const most = Math.max(0, ...buckets.map(totalOf));
  if (most === 0) return ['nothing happened'];
  const marks = shape.utf8 ? MARKS.utf8 : MARKS.ascii;
  const times = buckets.map(({ time }) => timeText(time, width));
  const counts = buckets.map(countsText);
  const taken = longest(times) + longest(counts) + 2 * GAP;
  const room = Math.min(LONGEST, Math.max(1, shape.width - taken));
  const { red, dim } = shape.style;
  const lines = buckets.map((bucket, index) => {
    const { away, other } = barOf(bucket, most, room);
    const bar = `${red(marks.away.repeat(away))}${marks.other.repeat(other)}${' '.repeat(room - away - other)}`;
    return `${dim(times[index] ?? '')}${' '.repeat(GAP)}${bar}${' '.repeat(GAP)}${counts[index] ?? ''}`.trimEnd();
  });
  return [...lines, dim(legend(buckets, marks))];
}

/** Cells of a bar; what there is at all has one, so that nobody overlooks it. */
function barOf(bucket: Bucket, most: number, room: number): { away: number; other: number } {
  const total = totalOf(bucket);
  const cells = total === 0 ? 0 : Math.max(1, Math.round((total / most) * room));
  const share = total === 0 ? 0 : Math.round((bucket.away / total) * cells);
  const away = Math.min(cells, bucket.away > 0 ? Math.max(1, share) : 0);
  return { away, other: cells - away };
}

function legend(buckets: readonly Bucket[], marks: { away: string; other: string }): string {
  const away = buckets.reduce((sum, bucket) => sum + bucket.away, 0);
  const total = buckets.reduce((sum, bucket) => sum + totalOf(bucket), 0);
  return `${marks.away} ${counted(away, 'use')} away, ${marks.other} ${total - away} others; times are UTC`;
}

const totalOf = ({ time: _time, ...counts }: Bucket): number =>
  Object.values(counts).reduce((sum: number, count) => sum + count, 0);

function countsText(bucket: Bucket): string {
  const total = totalOf(bucket);
  if (total === 0) return '';
  return bucket.away > 0 ? `${total} (${bucket.away} away)` : String(total);
}

/** As exactly as the stretches are long. */
function timeText(time: Micros, width: Micros): string {
  const text = formatTime(time).replace('T', ' ');
  if (width >= DAY && time % DAY === 0) return text.slice(0, 10);
  if (width >= MINUTE) return text.slice(0, 16);
  return text.slice(0, width >= SECOND ? 19 : 23);
}

const longest = (texts: readonly string[]): number => texts.reduce((most, { length }) => Math.max(most, length), 0);
