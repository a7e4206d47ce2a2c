import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import { Alert } from '../../shared/schema/alert.ts';
import type { Api } from '../api.ts';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { renderAlert } from '../ui/alert.ts';
import { ActivityRow, RelatedRow, renderActivity, renderRelated } from '../ui/alert-life.ts';
import { jsonLine } from '../ui/json.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  cluster?: string;
}

/** An older collector's has no activity. */
const Answer = z.looseObject({ ...Alert.shape, activity: z.array(ActivityRow).default([]) });
const Related = z.looseObject({ items: z.array(RelatedRow) });

const EXAMPLES = `
Examples:
  truant alerts show al_8c1f04d2b7e96a35c0d1
  truant alerts show al_8c1f04d2b7e96a35c0d1 --json | jq -r '.actions[].command'`;

export const registerAlertsShow: RegisterCommand = (alerts, io) => {
  const command = alerts
    .command('show')
    .description('one alert: its story, what it did, how to end it, what was done about it, and what is related')
    .argument('<id>', "the alert's id");
  withApiOptions(command, io)
    .option('--cluster <name>', 'which cluster, where several have that id')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: Options) => showAlert(id, options, io));
};

export async function showAlert(id: string, options: Options, io: Io): Promise<void> {
  const api = apiOf(options, io);
  const path = `api/v1/alerts/${encodeURIComponent(id)}`;
  const body = await api.get(path, { cluster: options.cluster });
  if (options.json) return writeLine(io.stdout, jsonLine(body));
  const alert = readAs(Answer, body);
  const [style, width] = [createStyle(io, io.stdout), io.stdout.columns ?? 100];
  const related = await relatedTo(api, `${path}/related`, alert.cluster);
  const lines = [
    ...renderAlert(alert, style, width),
    ...renderActivity(alert.activity, style, width),
    ...renderRelated(related.items, style, width),
  ];
  await writeLine(io.stdout, lines.join('\n'));
  io.stderr.write(related.note);
}

/** What is related is no part of the alert: it is right without. */
async function relatedTo(api: Api, path: string, cluster: string): Promise<{ items: RelatedRow[]; note: string }> {
  try {
    const { items } = readAs(Related, await api.get(path, { cluster }));
    return { items, note: '' };
  } catch (error) {
    if (!(error instanceof TruantError)) throw error;
    return { items: [], note: `which alerts are related is not known: ${error.message}\n` };
  }
}
