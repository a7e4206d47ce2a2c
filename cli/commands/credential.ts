import { z } from 'zod';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { renderCredential, renderTimeline, ShownCredential, ShownTimeline } from '../ui/credential.ts';
import { jsonLine } from '../ui/json.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  cluster?: string;
}

const Named = z.looseObject({ cluster: z.string() });

const EXAMPLES = `
Examples:
  truant credential JTI=6f2f1c1e-9d0f-4b57-8a2c-6d1f0f3f7a11
  truant credential JTI=6f2f1c1e-9d0f-4b57-8a2c-6d1f0f3f7a11 --json | jq -r '.timeline.lines[].sentence'`;

export const registerCredential: RegisterCommand = (program, io) => {
  const command = program
    .command('credential')
    .description('one token: whose it is, and its life from being issued to its end')
    .argument('<id>', 'JTI=...');
  withApiOptions(command, io)
    .option('--cluster <name>', 'which cluster, where several know that id')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: Options) => showCredential(id, options, io));
};

async function showCredential(id: string, options: Options, io: Io): Promise<void> {
  const api = apiOf(options, io);
  const path = `api/v1/credentials/${encodeURIComponent(id)}`;
  const credential = await api.get(path, { cluster: options.cluster });
  const { cluster } = readAs(Named, credential);
  const timeline = await api.get(`${path}/timeline`, { cluster });
  if (options.json) return writeLine(io.stdout, jsonLine({ credential, timeline }));
  const [style, width] = [createStyle(io, io.stdout), io.stdout.columns ?? 100];
  const lines = [
    ...renderCredential(readAs(ShownCredential, credential), style, width),
    ...renderTimeline(readAs(ShownTimeline, timeline), style, width),
  ];
  await writeLine(io.stdout, lines.join('\n'));
}
