/** What outputs could not deliver: looked at, sent again, or let go of. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { DeadLettersBody } from '../../collector/query/schemas/outputs.ts';
import { TruantError } from '../../shared/errors.ts';
import { printable } from '../../shared/text.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { DeadLetterRow, deadLetterColumns } from '../ui/outputs.ts';
import { counted } from '../ui/plural.ts';
import { createStyle } from '../ui/style.ts';
import {
  type ApiCommandOptions,
  apiOf,
  DEFAULT_LIMIT,
  type ListCommandOptions,
  withApiOptions,
  withListOptions,
} from './api-options.ts';
import type { RegisterCommand } from './command.ts';
import { printList } from './list-output.ts';

interface WhichOptions extends ApiCommandOptions {
  all?: true;
}

/** Most that one request may name. */
const MOST = 1000;

const Taken = z.looseObject({ count: z.number() });

export const registerDeadLetters: RegisterCommand = (outputs, io) => {
  withListOptions(outputs.command('dead-letters').description('what could not be delivered, the newest first'), io)
    .argument('[name]', "an output's name; left out: of all")
    .addHelpText(
      'after',
      '\nExamples:\n  truant outputs dead-letters\n  truant outputs dead-letters siem --json --limit 0',
    )
    .action((name: string | undefined, options: ListCommandOptions) => list(name, options, io));

  forDeadLetters(outputs, io, 'replay', 'send the alerts of dead letters again, as they are now').action(
    (name: string, ids: string[], options: WhichOptions) =>
      act({ name, ids, verb: 'replay', done: 'sent again', options }, io),
  );
  forDeadLetters(outputs, io, 'discard', 'let go of dead letters: the output is never told; the alerts stay').action(
    (name: string, ids: string[], options: WhichOptions) =>
      act({ name, ids, verb: 'discard', done: 'let go of', options }, io),
  );
};

function forDeadLetters(outputs: Command, io: Io, verb: string, description: string): Command {
  const example = `truant outputs ${verb} siem`;
  return withApiOptions(outputs.command(verb).description(description), io)
    .argument('<name>', "the output's name")
    .argument('[ids...]', "the dead letters' ids")
    .option('--all', 'all that the output has')
    .addHelpText('after', `\nExamples:\n  ${example} dl_8c1f04d2b7e96a35c0d1\n  ${example} --all`);
}

async function list(output: string | undefined, options: ListCommandOptions, io: Io): Promise<void> {
  const { json = false, limit = DEFAULT_LIMIT } = options;
  const items = apiOf(options, io).list('api/v1/outputs/dead-letters', { output }, limit);
  const columns = deadLetterColumns(createStyle(io, io.stdout));
  await printList(items, { json, limit, schema: DeadLetterRow, columns, none: 'no dead letters' }, io);
}

interface Asked {
  name: string;
  ids: readonly string[];
  verb: string;
  /** What is said of them then. */
  done: string;
  options: WhichOptions;
}

/** When some of those named are no dead letters of that output, the exit code says so. */
async function act({ name, ids: named, verb, done, options }: Asked, io: Io): Promise<void> {
  const ids = [...new Set(named)];
  if (ids.length > 0 === (options.all === true))
    throw new TruantError('REQUEST_INVALID', `${verb} takes the ids of dead letters, or --all`, {
      remedy: `truant outputs dead-letters shows them.`,
    });
  const api = apiOf(options, io);
  let count = 0;
  for (const body of bodies(ids))
    count += readAs(Taken, await api.post(`api/v1/outputs/${encodeURIComponent(name)}/${verb}`, body)).count;
  const line = options.json ? jsonLine({ count }) : printable(`${name}  ${counted(count, 'dead letter')} ${done}`);
  await writeLine(io.stdout, line);
  const missing = ids.length - count;
  if (missing <= 0) return;
  io.exitCode = EXIT.input;
  io.stderr.write(`${missing} of these ids ${missing === 1 ? 'is' : 'are'} no dead letter of it\n`);
}

function* bodies(ids: readonly string[]): Generator<z.infer<typeof DeadLettersBody>> {
  if (ids.length === 0) yield {};
  for (let from = 0; from < ids.length; from += MOST) yield { ids: ids.slice(from, from + MOST) };
}
