import { type Command, Option } from 'commander';
import { z } from 'zod';
import { ALERT_ORDERS } from '../../collector/store/alert-life.ts';
import { TruantError } from '../../shared/errors.ts';
import { AlertStatus, Severity } from '../../shared/schema/alert.ts';
import type { Api } from '../api.ts';
import type { Io } from '../io.ts';
import { readAs } from '../read-as.ts';
import { AlertRow, alertColumns } from '../ui/alert-cells.ts';
import { counted } from '../ui/plural.ts';
import { createStyle } from '../ui/style.ts';
import { showAlert } from './alerts-show.ts';
import { apiOf, DEFAULT_LIMIT, type ListCommandOptions, listOption, readTime, withListOptions } from './api-options.ts';
import { DEFAULT_COMMAND, type RegisterCommand } from './command.ts';
import { printList } from './list-output.ts';

interface Options extends ListCommandOptions {
  since?: string;
  until?: string;
  cluster?: string;
  status?: string;
  severity?: string;
  principal?: string;
  source?: string;
  credential?: string;
  rule?: string;
  assignee?: string;
  text?: string;
  order?: string;
}

/** An older collector's has no blind spots. */
const Status = z.looseObject({ blindSpots: z.array(z.unknown()).default([]) });

const EXAMPLES = `
Examples:
  truant alerts list
  truant alerts list --status open,acknowledged --severity high --since 24h
  truant alerts list --order worst --limit 10
  truant alerts list --text 'internet secrets' --assignee alice
  truant alerts list --json --limit 0 | jq .principal`;

export const registerAlertsList: RegisterCommand = (alerts, io) => {
  const command: Command = alerts
    .command(DEFAULT_COMMAND, { isDefault: true })
    .description('the alerts that there are, or with an id that one')
    .argument('[id]', "an alert's id");
  withListOptions(command, io)
    .option('--since <time>', 'still seen at or after this time, or so long ago (24h)', (text) => readTime(text))
    .option('--until <time>', 'first seen before this time', (text) => readTime(text))
    .option('--cluster <name>')
    .addOption(listOption('--status <list>', 'one or more, with commas', AlertStatus.options))
    .addOption(new Option('--severity <severity>', 'this severe or more').choices(Severity.options))
    .option('--principal <principal>', '<namespace>/<name>, or system:serviceaccount:<namespace>:<name>')
    .option('--source <address>', 'from where the token was used')
    .option('--credential <id>', 'JTI=...')
    .option('--rule <id>', 'alerts with a finding of this rule')
    .option('--assignee <who>', 'who looks after it')
    .option('--text <words>', 'all of these words are somewhere in it')
    .addOption(
      new Option(
        '--order <order>',
        'opened last first, or the most severe first, or seen last first (default: newest)',
      ).choices(ALERT_ORDERS),
    )
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: Options) =>
      id === undefined ? listAlerts(options, io) : showAlert(id, options, io),
    );
};

async function listAlerts(options: Options, io: Io): Promise<void> {
  const { url: _url, caFile: _caFile, json = false, limit = DEFAULT_LIMIT, text, ...query } = options;
  const api = apiOf(options, io);
  const items = api.list('api/v1/alerts', { ...query, q: text }, limit);
  const columns = alertColumns(createStyle(io, io.stdout));
  await printList(items, { json, limit, schema: AlertRow, columns, none: 'no alerts', first: query.order }, io);
  io.stderr.write(await blindSpotsNote(api));
}

/** No alerts is no all-clear where something can't be seen. The list is printed by then: without an answer it is still right. */
async function blindSpotsNote(api: Api): Promise<string> {
  try {
    const { blindSpots } = readAs(Status, await api.get('api/v1/status'));
    return blindSpots.length === 0 ? '' : `${counted(blindSpots.length, 'blind spot')}: see truant fleet\n`;
  } catch (error) {
    if (!(error instanceof TruantError)) throw error;
    return `whether there are blind spots is not known: ${error.message}\n`;
  }
}
