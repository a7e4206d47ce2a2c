/** Colour, for terminals only and never against the reader's wish (NO_COLOR). */
import type { Severity } from '../../shared/schema/alert.ts';
import type { Io, Out } from '../io.ts';

export type Paint = (text: string) => string;

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

export type Style = Record<keyof typeof CODES, Paint> & { severity(severity: Severity): Paint };

export function createStyle(io: Pick<Io, 'env'>, out: Out): Style {
  const on = coloured(io.env, out);
  const paint =
    ([open, close]: readonly [number, number]): Paint =>
    (text) =>
      on && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  const paints = Object.fromEntries(Object.entries(CODES).map(([name, codes]) => [name, paint(codes)])) as Record<
    keyof typeof CODES,
    Paint
  >;
  const bySeverity: Record<Severity, Paint> = {
    critical: (text) => paints.bold(paints.red(text)),
    high: paints.red,
    medium: paints.yellow,
    low: paints.cyan,
    info: paints.dim,
  };
  return { ...paints, severity: (severity) => bySeverity[severity] };
}

/** https://no-color.org and https://force-color.org: set and not empty counts. */
function coloured(env: Io['env'], out: Out): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return true;
  return out.isTTY === true && env['TERM'] !== 'dumb';
}
