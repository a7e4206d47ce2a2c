/** Progress of long work, drawn over itself on a terminal's stderr; anywhere else nothing is written. */
import { printable } from '../../shared/text.ts';
import type { Out } from '../io.ts';
import { fit } from './width.ts';

export interface Progress {
  /** @param done of `total`, in the same unit */
  update(done: number, note?: string): void;
  /** Takes the bar away. */
  finish(): void;
}

export interface ProgressOptions {
  label: string;
  /** Left out, or 0: how much there is, is not known. */
  total?: number;
  /** How an amount reads: `12 MB`. */
  format?: (amount: number) => string;
  /** Milliseconds that only go forward. */
  now?: () => number;
}

const REDRAW_MS = 100;
const BAR = 24;

export function createProgress(out: Out, options: ProgressOptions): Progress {
  if (!out.isTTY) return { update: () => undefined, finish: () => undefined };
  const now = options.now ?? (() => performance.now());
  const started = now();
  let drawn = -Infinity;
  return {
    update(done, note = '') {
      if (now() - drawn < REDRAW_MS) return;
      drawn = now();
      const line = progressLine(options, done, (drawn - started) / 1000, note);
      out.write(`\r${fit(printable(line), (out.columns ?? 80) - 1)}\u001b[K`);
    },
    finish() {
      if (drawn > -Infinity) out.write('\r\u001b[K');
      drawn = Infinity;
    },
  };
}

function progressLine(
  { label, total = 0, format = String }: ProgressOptions,
  done: number,
  seconds: number,
  note: string,
) {
  const tail = note && `  ${note}`;
  if (total <= 0) return `${label}  ${format(done)}${tail}`;
  const share = Math.min(1, done / total);
  const bar = '█'.repeat(Math.floor(share * BAR)).padEnd(BAR, '░');
  const left = share > 0 && seconds > 2 ? `  ${duration((seconds / share) * (1 - share))} left` : '';
  return `${label}  ${bar} ${Math.floor(share * 100)} %  ${format(done)} of ${format(total)}${left}${tail}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h`;
}
