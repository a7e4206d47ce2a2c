/** What is wrong with a configuration, in words that name the key. */
import type { Outline } from './outline.ts';

export interface Problem {
  /** `collector.listen.port`, or a variable's name when it belongs to no key. */
  key: string;
  /** The environment variable that set it. */
  variable?: string | undefined;
  /** To follow the key: `must be ...; found ...`. */
  message: string;
}

/** `detection.allowedMinters[0].reason` */
export function keyName(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** What was found, short; of what is or may be a secret only that it is there. */
export function found(value: unknown, at: Outline | undefined): string {
  if (value === undefined) return 'is missing';
  if (at?.secret || at?.mayBeSecret) return 'found a value that is not shown';
  if (Array.isArray(value)) return 'found a list';
  if (typeof value === 'object' && value !== null) return 'found a section';
  const shown = JSON.stringify(value).replace(/\/\/[^/@"]*@/, '//[hidden]@');
  return `found ${shown.length > 80 ? `${shown.slice(0, 80)}...` : shown}`;
}

export function describeProblem({ key, variable, message }: Problem): string {
  return `${key}${variable && variable !== key ? ` (set by ${variable})` : ''}: ${message}`;
}
