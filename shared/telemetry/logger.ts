/**
 * Structured logs, one JSON object a line on stderr. Messages are static; what varies is in fields. No token gets
 * through: values below token-like keys are replaced, and so is whatever looks like a JWT anywhere in the line.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { prettyStream } from './pretty.ts';

export type { Logger };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  level: LogLevel;
  /** For people: one short line instead of JSON. */
  pretty?: boolean;
}

const SECRET_KEY = /token|secret|passw|authorization|cookie|bearer|jwt|api[-_]?key|private[-_]?key/i;
/** Keys that only speak about a secret. */
const HARMLESS_KEY = /(?:file|path|kind|count|total|id|ids|bytes)$/i;
const JWT = /eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g;
const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

/** @param to where lines go; stderr unless a test wants to read them */
export function createLogger(options: LoggerOptions, to: DestinationStream = destination(2)): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields, 0) as Record<string, unknown>,
      },
      serializers: { err: (error: unknown) => error },
      hooks: { streamWrite: (line) => line.replaceAll(JWT, REDACTED) },
    },
    options.pretty ? prettyStream(to) : to,
  );
}

/** A copy without secrets. Errors become what is known to be harmless in them: clients attach whole requests. */
function redact(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecret(key, inner) ? REDACTED : redact(inner, depth + 1)]),
  );
}

function isSecret(key: string, value: unknown): boolean {
  const says = typeof value !== 'number' && typeof value !== 'boolean' && value != null;
  return says && SECRET_KEY.test(key) && !HARMLESS_KEY.test(key);
}

function describeError(error: Error, depth: number): object {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) };
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
