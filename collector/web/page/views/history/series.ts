/** A histogram as it is drawn and told: uses by their verdict, reads, and all else. */
import type { HistogramAnswer } from '../../../../query/schemas/history.ts';

type Bucket = HistogramAnswer['buckets'][number];
export type Shown = 'away' | 'unclear' | 'home' | 'read' | 'other';

/** From the axis up: what matters most is where the eye is. */
export const SHOWN: readonly { name: Shown; label: string; count(bucket: Bucket): number }[] = [
  { name: 'away', label: 'away', count: ({ away }) => away },
  { name: 'unclear', label: 'unclear', count: ({ unclear }) => unclear },
  { name: 'home', label: 'home', count: ({ home }) => home },
  { name: 'read', label: 'reads', count: ({ read }) => read },
  {
    name: 'other',
    label: 'other',
    count: ({ undecided, file, issue, entry, denied }) => undecided + file + issue + entry + denied,
  },
];

export type Counts = Record<Shown, number>;

export function countsOf(buckets: readonly Bucket[]): Counts & { total: number } {
  const counts = { away: 0, unclear: 0, home: 0, read: 0, other: 0, total: 0 };
  for (const bucket of buckets) {
    for (const { name, count } of SHOWN) {
      counts[name] += count(bucket);
      counts.total += count(bucket);
    }
  }
  return counts;
}

/** Heights from the axis on, one row for each of `SHOWN`, each with all those below it. */
export function stacked(buckets: readonly Bucket[]): number[][] {
  const tops = buckets.map(() => 0);
  return SHOWN.map(({ count }) =>
    buckets.map((bucket, at) => {
      tops[at] = (tops[at] ?? 0) + count(bucket);
      return tops[at];
    }),
  );
}

/** `412 events: 4 away, 400 home, 8 reads`. */
export function told(buckets: readonly Bucket[]): string {
  const counts = countsOf(buckets);
  if (counts.total === 0) return 'nothing';
  const parts = SHOWN.filter(({ name }) => counts[name] > 0).map(
    ({ name, label }) => `${counts[name].toLocaleString()} ${label}`,
  );
  return `${counts.total.toLocaleString()} ${counts.total === 1 ? 'event' : 'events'}: ${parts.join(', ')}`;
}

/** What the keyboard has under it: `at`, and where a stretch that is being marked began. */
export interface Mark {
  at: number;
  anchor: number;
}

/** Undefined: the key is none of the chart's. */
export function moved(mark: Mark | undefined, key: string, extend: boolean, buckets: number): Mark | undefined {
  const last = buckets - 1;
  const at = mark?.at ?? (key === 'ArrowLeft' ? buckets : -1);
  const targets: Readonly<Record<string, number>> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
  const target = targets[key];
  if (target === undefined || last < 0) return undefined;
  const bounded = Math.min(last, Math.max(0, target));
  return { at: bounded, anchor: extend && mark ? mark.anchor : bounded };
}
