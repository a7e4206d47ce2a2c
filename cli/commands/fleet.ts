import { Option } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { type Io, writeLine } from '../io.ts';
import { UNFINISHED } from '../options.ts';
import { readAs } from '../read-as.ts';
import { HEALTHS, healthRank, renderFleet, ShownFleet } from '../ui/fleet.ts';
import { jsonLine } from '../ui/json.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  failOn?: string;
}

const EXAMPLES = `
Examples:
  truant fleet
  truant fleet --fail-on silent
  truant fleet --json | jq -r '.agents[] | select(.health != "ok") | .agent'`;

export const registerFleet: RegisterCommand = (program, io) => {
  withApiOptions(
    program.command('fleet').description('the agents: how they are, how far behind, and what can not be seen'),
    io,
  )
    .addOption(
      new Option('--fail-on <health>', 'exit with 1 if an agent is so, or worse').choices(
        HEALTHS.filter((health) => health !== 'ok'),
      ),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => showFleet(options, io));
};

async function showFleet({ failOn, ...options }: Options, io: Io): Promise<void> {
  if (failOn !== undefined) io.exitCode = UNFINISHED;
  const body = await apiOf(options, io).get('api/v1/fleet');
  const fleet = readAs(ShownFleet, body);
  if (failOn !== undefined)
    io.exitCode = fleet.agents.some(({ health }) => healthRank(health) >= healthRank(failOn)) ? EXIT.findings : EXIT.ok;
  const lines = options.json ? [jsonLine(body)] : renderFleet(fleet, createStyle(io, io.stdout), io.stdout.columns);
  for (const line of lines) await writeLine(io.stdout, line);
}
