import { type Command, InvalidArgumentError, Option } from 'commander';
import { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import { type Io, writeLine } from '../io.ts';
import { renderCredential, ShownCredential } from '../ui/credential.ts';
import { HistoryRow } from '../ui/history-row.ts';
import { createStyle, type Style } from '../ui/style.ts';
import type { Column } from '../ui/table.ts';
import { type ApiCommandOptions, apiOf, readTime, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';
import { printList, readAs } from './list-output.ts';

interface Options extends ApiCommandOptions {
  since?: string;
  until?: string;
  cluster?: string;
  principal?: string;
  credential?: string;
  pod?: string;
  source?: string;
  verb?: string;
  resource?: string;
  placement?: string;
  where?: string;
  code?: number;
  kind?: string;
}

const KINDS = ['use', 'read', 'file'];
const VERDICTS = Placement.options.map(({ shape }) => shape.verdict.value);

const EXAMPLES = `
Examples:
  truant history --principal shop/cart --since 24h
  truant history --placement away --json --limit 0
  truant history --source 203.0.113.9 --code 403
  truant history --pod shop/cart-7d9c4 --kind read`;

export const registerHistory: RegisterCommand = (program, io) => {
  const command: Command = program
    .command('history')
    .description('ask a collector who used or read which token, when, from where and for what');
  withApiOptions(command, io)
    .option('--since <time>', 'from this time on, or so long ago (24h)', (text) => readTime(text))
    .option('--until <time>', 'before this time', (text) => readTime(text))
    .option('--cluster <name>')
    .option('--principal <principal>', '<namespace>/<name>, or system:serviceaccount:<namespace>:<name>')
    .option('--credential <id>', 'one token, JTI=...; its own story comes first')
    .option('--pod <pod>', 'the pod that tokens belong to: <namespace>/<name>, or its uid')
    .option('--source <address>', 'from where they were used')
    .option('--verb <verb>')
    .option('--resource <resource>')
    .addOption(new Option('--placement <verdict>').choices(VERDICTS))
    .addOption(new Option('--where <where>', 'of uses that are away').choices(AwayWhere.options))
    .option('--code <status>', 'the HTTP status of the answer', readCode)
    .addOption(
      new Option('--kind <kind>', 'only uses, reads of token files, or what became of the files').choices(KINDS),
    )
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => showHistory(options, io));
};

async function showHistory(options: Options, io: Io): Promise<void> {
  const { url: _url, caFile: _caFile, json = false, limit, ...query } = options;
  const api = apiOf(options, io);
  const style = createStyle(io, io.stdout);
  if (query.credential !== undefined && !json) {
    const path = `api/v1/credentials/${encodeURIComponent(query.credential)}`;
    const credential = readAs(ShownCredential, await api.get(path, { cluster: query.cluster }));
    const lines = renderCredential(credential, style, io.stdout.columns ?? 100);
    await writeLine(io.stdout, [...lines, ''].join('\n'));
  }
  const items = api.list('api/v1/history', query, limit);
  const list = { json, limit, schema: HistoryRow, columns: columns(style), none: 'no uses and no reads' };
  await printList(items, list, io);
}

function columns(style: Style): Column<HistoryRow>[] {
  return [
    { heading: 'TIME', cell: ({ time }) => time },
    { heading: 'PRINCIPAL', cell: ({ principal }) => principal, min: 10 },
    { heading: 'SOURCE', cell: ({ source }) => source, min: 11 },
    { heading: 'PLACEMENT', cell: ({ placement }) => placement, paint: ({ tone }) => style[tone], min: 8 },
    { heading: 'CODE', cell: ({ code }) => code, align: 'right' },
    { heading: 'WHAT', cell: ({ what }) => what, min: 10 },
    { heading: 'CREDENTIAL', cell: ({ credential }) => credential, min: 8, spare: true },
  ];
}

function readCode(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It must be an HTTP status such as 403.');
  return Number(text);
}
