/** Whether a test alert arrives, and if not, why. */
import { EXIT } from '../exit-codes.ts';
import { type Io, writeLine } from '../io.ts';
import { UNFINISHED } from '../options.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { TestRow, testLines } from '../ui/outputs.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

/** The output waits for its other side, and may be at something else before. */
const PATIENCE_MS = 5 * 60_000;

export const registerOutputsTest: RegisterCommand = (outputs, io) => {
  withApiOptions(
    outputs.command('test').description('send a marked test alert, past all filters, and say what came of it'),
    io,
  )
    .argument('<name>', "the output's name")
    .addHelpText('after', '\nExamples:\n  truant outputs test siem')
    .action((name: string, options: ApiCommandOptions) => test(name, options, io));
};

async function test(name: string, options: ApiCommandOptions, io: Io): Promise<void> {
  io.exitCode = UNFINISHED;
  const api = apiOf(options, io, PATIENCE_MS);
  const body = await api.post(`api/v1/outputs/${encodeURIComponent(name)}/test`, {});
  const outcome = readAs(TestRow, body);
  io.exitCode = outcome.ok ? EXIT.ok : EXIT.findings;
  const lines = options.json
    ? [jsonLine(body)]
    : testLines(name, outcome, createStyle(io, io.stdout), io.stdout.columns);
  for (const line of lines) await writeLine(io.stdout, line);
}
