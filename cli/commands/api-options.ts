/** What every command that asks a collector has in common. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Clock, DAY, formatTime, HOUR, MINUTE, parseTime, SECOND, wallClock } from '../../shared/time.ts';
import { Api } from '../api.ts';
import type { Io } from '../io.ts';

export interface ApiCommandOptions {
  url: string;
  caFile?: string;
  json?: true;
  limit: number;
}

const DEFAULT_URL = 'http://127.0.0.1:7117';
const DEFAULT_LIMIT = 100;

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
    .option('--json', 'one JSON object a line, for programs')
    .addOption(
      new Option('-n, --limit <count>', 'at most so many, the newest first; 0: all')
        .default(DEFAULT_LIMIT)
        .argParser(readLimit),
    );
}

export function apiOf({ url, caFile }: ApiCommandOptions, io: Io): Api {
  return new Api({ url, caFile, token: io.env['TRUANT_TOKEN'] || undefined });
}

/** A time (`2030-01-31T12:00:00Z`) or how long ago (`90s`, `15m`, `24h`, `7d`), as RFC 3339. */
export function readTime(text: string, clock: Clock = wallClock): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago) {
    const unit = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }[ago[2] ?? ''] ?? 0;
    return formatTime(clock.now() - Number(ago[1]) * unit);
  }
  const time = parseTime(text);
  if (time === undefined) {
    throw new InvalidArgumentError(
      'It must be a time such as 2030-01-31T12:00:00Z, or how long ago, such as 15m or 24h.',
    );
  }
  return formatTime(time);
}

function readLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text) || Infinity;
}
