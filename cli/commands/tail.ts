import { Option } from 'commander';
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import { Placement } from '../../shared/schema/placement.ts';
import { type Io, writeLine } from '../io.ts';
import { follow, type LiveEvent } from '../live.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { LiveLines } from '../ui/live-lines.ts';
import { counted } from '../ui/plural.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  uses?: true;
  principal?: string;
  placement?: string;
}

const VERDICTS = Placement.options.map(({ shape }) => shape.verdict.value);
const LeftOut = z.looseObject({ count: z.number() });

const EXAMPLES = `
Examples:
  truant tail
  truant tail --uses --placement away
  truant tail --json | jq -r 'select(.event == "alert") | .data.summary'

Ctrl-C ends it.`;

export const registerTail: RegisterCommand = (program, io) => {
  withApiOptions(
    program.command('tail').description('alerts as they come and change, a line each, until it is stopped'),
    io,
  )
    .option('--uses', 'uses of tokens too, as they are stored')
    .option('--principal <principal>', 'with --uses: only of this ServiceAccount')
    .addOption(new Option('--placement <verdict>', 'with --uses: only these').choices(VERDICTS))
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => tail(options, io));
};

async function tail({ uses, principal, placement, json = false, ...options }: Options, io: Io): Promise<void> {
  if (!uses && (principal ?? placement) !== undefined) {
    throw new TruantError('REQUEST_INVALID', '--principal and --placement go with --uses', { remedy: 'See --help.' });
  }
  const query = { uses: uses && 'true', principal, placement };
  const lines = new LiveLines(createStyle(io, io.stdout), io.stdout.columns);
  const onTrouble = (message: string): void => void io.stderr.write(`${message}\n`);
  for await (const event of follow(apiOf(options, io), { query, signal: io.stopSignal(), onTrouble })) {
    const note = noteOf(event);
    if (note !== undefined) onTrouble(note);
    const data = dataOf(event);
    const told = json ? [jsonLine({ event: event.event, data })] : lines.tell(event.event, data);
    for (const line of told) await writeLine(io.stdout, line);
  }
}

/** Of an event that is about the stream itself, and worth to be told of whatever the form of the output. */
function noteOf(event: LiveEvent): string | undefined {
  if (event.event === 'left-out') {
    return `${counted(readAs(LeftOut, dataOf(event)).count, 'use')} left out: more than a stream tells`;
  }
  if (event.event === 'reset')
    return 'the collector has another store than before: what changed in between is not told';
  return undefined;
}

const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'no JSON' });
    return z.NEVER;
  }
});

const dataOf = ({ data }: LiveEvent): unknown => readAs(Json, data);
