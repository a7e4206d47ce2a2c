import { readFile, stat } from 'node:fs/promises';
import { parseDocument, type YAMLError } from 'yaml';
import { parseConfig } from '../shared/config/parse.ts';
import type { Config } from '../shared/config/schema.ts';
import { rules } from '../shared/detection/rules/index.ts';
import { TruantError } from '../shared/errors.ts';
import type { Io } from './io.ts';

const MAX_BYTES = 1_048_576;

/** Which file a command is to read: its option, else TRUANT_CONFIG, else none. */
export function configFile(option: string | undefined, env: Io['env']): string | undefined {
  return option ?? (env['TRUANT_CONFIG'] || undefined);
}

/**
 * The configuration in force: the file's keys, if there is a file, and the environment's over them.
 *
 * @throws {TruantError} INPUT_NOT_FOUND, INPUT_UNREADABLE, CONFIG_INVALID
 */
export async function loadConfig(file: string | undefined, env: Io['env']): Promise<Config> {
  const input = file === undefined ? undefined : await readYaml(file);
  return parseConfig(input, { environment: env, ruleIds: rules.map(({ id }) => id) });
}

async function readYaml(file: string): Promise<unknown> {
  const text = await readText(file);
  // Neither errors nor warnings may quote the file's lines: there can be secrets in them.
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' });
  const [error] = document.errors;
  if (error) throw notYaml(file, firstLine(error), error);
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    throw notYaml(file, 'its aliases unfold to too much', cause);
  }
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) {
      throw new TruantError('INPUT_UNREADABLE', `${file} has ${size} bytes, which is too much for a configuration.`);
    }
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof TruantError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new TruantError(
      missing ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE',
      `${file} ${missing ? 'does not exist' : `can't be read: ${(cause as Error).message}`}`,
      { cause, remedy: 'Name the configuration with --config or TRUANT_CONFIG.' },
    );
  }
}

function notYaml(file: string, why: string, cause: unknown): TruantError {
  return new TruantError('CONFIG_INVALID', `${file} is not a YAML document: ${why}`, { cause });
}

function firstLine(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS')
    return 'it holds more than one document; keep one, without a line of --- after it';
  return error.message.split('\n', 1)[0]?.replace(/:$/, '') ?? 'it can not be parsed';
}
