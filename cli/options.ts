/** Options that several commands have, as commander takes them. */
import { InvalidArgumentError } from 'commander';
import { type Alert, SEVERITIES, type Severity } from '../shared/schema/alert.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export const CONFIG_OPTION = ['-c, --config <file>', 'the configuration, a YAML file (also TRUANT_CONFIG)'] as const;

/** How many times as fast as it happened: a number from 0.1 to 1000. */
export function parseSpeed(text: string): number {
  const speed = Number(text);
  if (!(speed >= 0.1 && speed <= 1000)) throw new InvalidArgumentError('It must be a number from 0.1 to 1000.');
  return speed;
}

/** A TCP port; 0 is any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
  }
  return port;
}

/** What a command with `--fail-on` exits with when it is ended before it knows better: it must not look clean. */
export const UNFINISHED = EXIT.input;

/**
 * An alert that was asked for is one, whatever could not be read; that there is none can't be said of what was not read.
 *
 * @param failOn what `--fail-on` asks; without it, alerts are no matter of the exit code
 */
export function exitCodeOf(alerts: readonly Alert[], failOn: Severity | undefined, isIncomplete = false): ExitCode {
  const isAsked = ({ severity }: Alert): boolean =>
    failOn !== undefined && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn);
  if (alerts.some(isAsked)) return EXIT.findings;
  return isIncomplete ? EXIT.input : EXIT.ok;
}
