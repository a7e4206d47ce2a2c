/** What every command that asks a collector has in common. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Clock,
  DAY,
  formatTime,
  HOUR,
  MINUTE,
  type Micros,
  parseTime,
  SECOND,
  wallClock,
} from '../../shared/time.ts';
import { Api } from '../api.ts';
import type { Io } from '../io.ts';

export interface ApiCommandOptions {
  url: string;
  caFile?: string;
  json?: boolean;
}

export interface ListCommandOptions extends ApiCommandOptions {
  /** Infinity: all there are. Left out: as many as the command finds right. */
  limit?: number;
}

const DEFAULT_URL = 'http://127.0.0.1:7117';
export const DEFAULT_LIMIT = 100;

export function withApiOptions(command: Command, io: Io): Command {
  return command
    .addOption(
      new Option(
        '--url <url>',
        "the collector's address (also TRUANT_URL); its token is read from TRUANT_TOKEN",
      ).default(io.env['TRUANT_URL'] || DEFAULT_URL),
    )
    .addOption(
      new Option(
        '--ca-file <file>',
        "the CA (PEM) that signed the collector's certificate, if it is none that is known (also TRUANT_CA)",
      ).default(io.env['TRUANT_CA'] || undefined),
    )
    .option('--json', 'one JSON object a line, for programs');
}

export function withListOptions(command: Command, io: Io): Command {
  return withApiOptions(command, io).addOption(
    new Option('-n, --limit <count>', `at most so many; 0: all (default: ${DEFAULT_LIMIT})`).argParser(readLimit),
  );
}

/** One or more of these, with commas. */
export function listOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((text: string): string => {
    const wrong = text.split(',').find((part) => !choices.includes(part));
    if (wrong === undefined) return text;
    throw new InvalidArgumentError(`It must be one or more of ${choices.join(', ')}, with commas.`);
  });
}

/** @param timeoutMs how long an answer may take; left out: as long as one that is ready at once */
export function apiOf({ url, caFile }: Pick<ApiCommandOptions, 'url' | 'caFile'>, io: Io, timeoutMs?: number): Api {
  return new Api({ url, caFile, token: io.env['TRUANT_TOKEN'] || undefined, timeoutMs });
}

/** A time (`2030-01-31T12:00:00Z`) or how long ago (`90s`, `15m`, `24h`, `7d`), as RFC 3339. */
export function readTime(text: string, clock: Clock = wallClock): string {
  const span = spanOf(text);
  const time = span === undefined ? parseTime(text) : clock.now() - span;
  if (time !== undefined) return formatTime(time);
  throw new InvalidArgumentError(
    'It must be a time such as 2030-01-31T12:00:00Z, or how long ago, such as 15m or 24h.',
  );
}

/** A time that is still to come, or how long from now on. */
export function readEnd(text: string, clock: Clock = wallClock): Micros {
  const span = spanOf(text);
  const time = span === undefined ? parseTime(text) : clock.now() + span;
  if (time !== undefined && time > clock.now()) return time;
  throw new InvalidArgumentError(
    'It must be a time to come such as 2030-01-31T12:00:00Z, or for how long, such as 12h or 30d.',
  );
}

const UNITS: Readonly<Record<string, Micros>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** `90s`, `15m`, `24h`, `7d` */
function spanOf(text: string): Micros | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0);
}

function readLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text) || Infinity;
}
