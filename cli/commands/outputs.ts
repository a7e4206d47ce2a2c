import { z } from 'zod';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { OutputRow, outputColumns, troubleLines } from '../ui/outputs.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import { DEFAULT_COMMAND, type RegisterCommand } from './command.ts';
import { printList } from './list-output.ts';
import { registerDeadLetters } from './outputs-dead-letters.ts';
import { registerOutputsTest } from './outputs-test.ts';

const EXAMPLES = `
Examples:
  truant outputs                            the same as \`truant outputs list\`
  truant outputs test siem                  sends a test alert, and says what went wrong
  truant outputs dead-letters siem          what could not be delivered
  truant outputs replay siem --all          sends it again`;

export const registerOutputs: RegisterCommand = (program, io) => {
  const outputs = program
    .command('outputs')
    .description('where alerts are sent: how each is, what could not be delivered, and whether a test alert arrives')
    .addHelpText('after', EXAMPLES);
  withApiOptions(
    outputs
      .command(DEFAULT_COMMAND, { isDefault: true })
      .description('the outputs that there are, and what is wrong with them'),
    io,
  )
    .addHelpText(
      'after',
      "\nExamples:\n  truant outputs list\n  truant outputs list --json | jq 'select(.deadLetters > 0)'",
    )
    .action((options: ApiCommandOptions) => listOutputs(options, io));
  registerDeadLetters(outputs, io);
  registerOutputsTest(outputs, io);
};

const Answer = z.looseObject({ items: z.array(z.unknown()) });

async function listOutputs({ json = false, ...options }: ApiCommandOptions, io: Io): Promise<void> {
  const { items } = readAs(Answer, await apiOf(options, io).get('api/v1/outputs'));
  const style = createStyle(io, io.stdout);
  const columns = outputColumns(style);
  await printList(items, { json, limit: Infinity, schema: OutputRow, columns, none: 'no outputs' }, io);
  if (json) return;
  const rows = readAs(z.array(OutputRow), items);
  for (const line of troubleLines(rows, style, io.stdout.columns)) await writeLine(io.stdout, line);
}
