/** Log lines for people: `12:00:01 info  audit log resumed component=audit-file offset=4096`. */
import type { DestinationStream } from 'pino';
import { printable } from '../text.ts';

export function prettyStream(to: DestinationStream): DestinationStream {
  return { write: (line) => to.write(`${prettyLine(line)}\n`) };
}

function prettyLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === 'string' ? msg : '';
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${show(value)}`);
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${printable(message)}${details.join('')}`;
}

function show(value: unknown): string {
  return printable(typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value));
}
