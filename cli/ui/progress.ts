/** Progress of long work, drawn over itself on a terminal's stderr; anywhere else nothing is written. */
import { printable } from '../../shared/text.ts';
import type { Out } from '../io.ts';
import { fit } from './width.ts';

export interface Progress {
  /** @param total in the same unit; 0: how much there is, is not known */
  update(done: number, total?: number): void;
  /** Takes the bar away, until the next update. */
  clear(): void;
}

export interface ProgressOptions {
  label: string;
  /** How an amount reads: `12 MB`. */
  format?: (amount: number) => string;
  /** Milliseconds that only go forward. */
  now?: () => number;
}

const REDRAW_MS = 100;
const BAR = 24;

export function createProgress(out: Out, options: ProgressOptions): Progress {
  if (!out.isTTY) return { update: () => undefined, clear: () => undefined };
  const now = options.now ?? (() => performance.now());
  const started = now();
  let drawn = -Infinity;
  return {
    update(done, total = 0) {
      if (now() - drawn < REDRAW_MS) return;
      drawn = now();
      const line = progressLine(options, done, total, (drawn - started) / 1000);
      out.write(`\r${fit(printable(line), (out.columns ?? 80) - 1)}\u001b[K`);
    },
    clear() {
      if (drawn > -Infinity) out.write('\r\u001b[K');
    },
  };
}

function progressLine(
  { label, format = String }: ProgressOptions,
  done: number,
  total: number,
  seconds: number,
): string {
  if (total <= 0) return `${label}  ${format(done)}`;
  const share = Math.min(1, done / total);
  const bar = '█'.repeat(Math.floor(share * BAR)).padEnd(BAR, '░');
  const left = share > 0 && seconds > 2 ? `  ${duration((seconds / share) * (1 - share))} left` : '';
  return `${label}  ${bar} ${Math.floor(share * 100)} %  ${format(done)} of ${format(total)}${left}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h`;
}
