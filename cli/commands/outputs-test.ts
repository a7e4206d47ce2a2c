/** Whether a test alert arrives, and if not, why. */
import { Option } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { type Io, writeLine } from '../io.ts';
import { UNFINISHED } from '../options.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { TestRow, testLines } from '../ui/outputs.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  config?: string;
}

/** The output waits for its other side, and may be at something else before. */
const PATIENCE_MS = 5 * 60_000;

export const registerOutputsTest: RegisterCommand = (outputs, io) => {
  withApiOptions(
    outputs.command('test').description('send a marked test alert, past all filters, and say what came of it'),
    io,
  )
    .argument('<name>', "the output's name")
    .addOption(
      new Option('-c, --config <file>', 'send it from here, with this configuration, and ask no collector').conflicts([
        'url',
        'caFile',
      ]),
    )
    .addHelpText('after', '\nExamples:\n  truant outputs test siem\n  truant outputs test siem --config truant.yaml')
    .action((name: string, options: Options) => test(name, options, io));
};

async function test(name: string, { config, ...options }: Options, io: Io): Promise<void> {
  io.exitCode = UNFINISHED;
  const body = config === undefined ? await askCollector(name, options, io) : await tryHere(name, config, io);
  const outcome = readAs(TestRow, body);
  io.exitCode = outcome.ok ? EXIT.ok : EXIT.findings;
  const lines = options.json
    ? [jsonLine(body)]
    : testLines(name, outcome, createStyle(io, io.stdout), io.stdout.columns);
  for (const line of lines) await writeLine(io.stdout, line);
}

const askCollector = (name: string, options: ApiCommandOptions, io: Io): Promise<unknown> =>
  apiOf(options, io, PATIENCE_MS).post(`api/v1/outputs/${encodeURIComponent(name)}/test`, {});

async function tryHere(name: string, file: string, io: Io): Promise<unknown> {
  const { tryFromHere } = await import('../run/try-output.ts');
  return tryFromHere(name, file, io);
}
