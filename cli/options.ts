/** Options that several commands have, as commander takes them. */
import { InvalidArgumentError } from 'commander';
import { type Alert, SEVERITIES, type Severity } from '../shared/schema/alert.ts';

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

/** What `--fail-on` asks; without it, never. */
export const isAnyAtLeast = (alerts: readonly Alert[], severity: Severity | undefined): boolean =>
  severity !== undefined && alerts.some((alert) => SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(severity));
