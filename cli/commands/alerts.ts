import type { Command } from 'commander';
import { Option } from 'commander';
import { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';
import { Alert, AlertStatus, Severity } from '../../shared/schema/alert.ts';
import type { Api } from '../api.ts';
import { type Io, writeLine } from '../io.ts';
import { renderAlert } from '../ui/alert.ts';
import { jsonLine } from '../ui/json.ts';
import { counted } from '../ui/plural.ts';
import { createStyle, type Style } from '../ui/style.ts';
import type { Column } from '../ui/table.ts';
import { type ApiCommandOptions, apiOf, readTime, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';
import { printList, readAs } from './list-output.ts';

interface Options extends ApiCommandOptions {
  since?: string;
  until?: string;
  cluster?: string;
  status?: string;
  severity?: string;
  principal?: string;
  credential?: string;
  rule?: string;
}

/** What the list shows of an alert. A newer collector may say more. */
const Row = z.looseObject({
  id: z.string(),
  title: z.string(),
  severity: Severity,
  confidence: z.string(),
  status: z.string(),
  principal: z.string(),
  lastSeen: z.string(),
  sources: z.array(z.looseObject({ address: z.string(), where: z.string() })),
});
type Row = z.infer<typeof Row>;

/** An older collector's has no blind spots. */
const Status = z.looseObject({ blindSpots: z.array(z.unknown()).default([]) });

const EXAMPLES = `
Examples:
  truant alerts
  truant alerts --status open --severity high --since 24h
  truant alerts al_8c1f04d2b7e96a35c0d1  one alert with its story and how to end it
  truant alerts --json --limit 0 | jq .principal`;

export const registerAlerts: RegisterCommand = (program, io) => {
  const command: Command = program
    .command('alerts')
    .description('ask a collector for its alerts, or for one with its story')
    .argument('[id]', "an alert's id");
  withApiOptions(command, io)
    .option('--since <time>', 'still seen at or after this time, or so long ago (24h)', (text) => readTime(text))
    .option('--until <time>', 'first seen before this time', (text) => readTime(text))
    .option('--cluster <name>')
    .addOption(new Option('--status <status>').choices(AlertStatus.options))
    .addOption(new Option('--severity <severity>', 'this severe or more').choices(Severity.options))
    .option('--principal <principal>', 'system:serviceaccount:<namespace>:<name>')
    .option('--credential <id>', 'JTI=...')
    .option('--rule <id>', 'alerts with a finding of this rule')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: Options) => {
      await (id === undefined ? listAlerts(options, io) : showAlert(id, options, io));
    });
};

async function showAlert(id: string, options: Options, io: Io): Promise<void> {
  const body = await apiOf(options, io).get(`api/v1/alerts/${encodeURIComponent(id)}`, { cluster: options.cluster });
  if (options.json) return writeLine(io.stdout, jsonLine(body));
  const alert = readAs(z.looseObject(Alert.shape), body);
  const lines = renderAlert(alert, createStyle(io, io.stdout), io.stdout.columns ?? 100);
  await writeLine(io.stdout, lines.join('\n'));
}

async function listAlerts(options: Options, io: Io): Promise<void> {
  const { url: _url, caFile: _caFile, json = false, limit, ...query } = options;
  const api = apiOf(options, io);
  const items = api.list('api/v1/alerts', query, limit);
  const list = { json, limit, schema: Row, columns: columns(createStyle(io, io.stdout)), none: 'no alerts' };
  await printList(items, list, io);
  io.stderr.write(await blindSpotsNote(api));
}

/** No alerts is no all-clear where something can't be seen. The list is printed by then: without an answer it is still right. */
async function blindSpotsNote(api: Api): Promise<string> {
  try {
    const { blindSpots } = readAs(Status, await api.get('api/v1/status'));
    return blindSpots.length === 0 ? '' : `${counted(blindSpots.length, 'blind spot')}: see /api/v1/status\n`;
  } catch (error) {
    if (!(error instanceof TruantError)) throw error;
    return `whether there are blind spots is not known: ${error.message}\n`;
  }
}

function columns(style: Style): Column<Row>[] {
  return [
    { heading: 'SEVERITY', cell: ({ severity }) => severity, paint: ({ severity }) => style.severity(severity) },
    { heading: 'SURE', cell: ({ confidence }) => confidence, spare: true },
    { heading: 'STATUS', cell: ({ status }) => status, spare: true },
    { heading: 'LAST SEEN', cell: ({ lastSeen }) => lastSeen.slice(0, 19).replace('T', ' ') },
    {
      heading: 'PRINCIPAL',
      cell: ({ principal }) => principal.replace(/^system:serviceaccount:/, '').replace(':', '/'),
      min: 10,
    },
    {
      heading: 'USED FROM',
      cell: ({ sources: [source] }) => (source ? `${source.address} (${source.where})` : ''),
      min: 11,
    },
    { heading: 'TITLE', cell: ({ title }) => title, min: 16, spare: true },
    { heading: 'ID', cell: ({ id }) => id },
  ];
}
