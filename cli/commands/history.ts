import { type Command, InvalidArgumentError, Option } from 'commander';
import { GROUP_ORDERS, GROUPINGS } from '../../collector/store/history-summaries.ts';
import { HISTORY_KINDS } from '../../collector/store/store.ts';
import { TruantError } from '../../shared/errors.ts';
import { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import type { Api, Query } from '../api.ts';
import { EXPORT_FORMATS, type ExportFormat, exportTo } from '../export.ts';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { renderCredential, ShownCredential } from '../ui/credential.ts';
import { HistoryRow } from '../ui/history-row.ts';
import { createStyle, type Style } from '../ui/style.ts';
import type { Column } from '../ui/table.ts';
import { apiOf, DEFAULT_LIMIT, type ListCommandOptions, readTime, withListOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';
import { showGroups, showHistogram } from './history-summaries.ts';
import { printList } from './list-output.ts';

interface Filter {
  since?: string;
  until?: string;
  cluster?: string;
  principal?: string;
  credential?: string;
  pod?: string;
  node?: string;
  source?: string;
  userAgent?: string;
  verb?: string;
  resource?: string;
  placement?: string;
  where?: string;
  code?: number;
  kind?: string;
}

/** What is made of what the filter leaves: a list, unless one of these is asked for. */
interface Forms {
  by?: string;
  order?: string;
  newSince?: string;
  histogram?: true;
  buckets?: number;
  export?: ExportFormat;
  output?: string;
}

type Options = ListCommandOptions & Filter & Forms;

const VERDICTS = Placement.options.map(({ shape }) => shape.verdict.value);
const BUCKETS = 24;

const EXAMPLES = `
Examples:
  truant history --principal shop/cart --since 24h
  truant history --placement away --json --limit 0
  truant history --source 203.0.113.9 --code 403
  truant history --user-agent 'curl/*' --node node-a
  truant history --pod shop/cart-7d9c4 --kind read
  truant history --principal shop/cart --by source --new-since 24h
  truant history --since 7d --histogram
  truant history --since 7d --export parquet --output uses.parquet`;

export const registerHistory: RegisterCommand = (program, io) => {
  const command: Command = program
    .command('history')
    .description('ask a collector who used, read or was issued which token, when, from where and for what');
  withListOptions(command, io)
    .option('--since <time>', 'from this time on, or so long ago (24h)', (text) => readTime(text))
    .option('--until <time>', 'before this time', (text) => readTime(text))
    .option('--cluster <name>')
    .option('--principal <principal>', '<namespace>/<name>, or system:serviceaccount:<namespace>:<name>')
    .option('--credential <id>', 'one token, JTI=...; its own story comes first')
    .option('--pod <pod>', 'the pod that tokens belong to, or that was entered: <namespace>/<name>, or its uid')
    .option('--node <name>', 'the node that tokens belong to, or where the file is')
    .option('--source <address>', 'from where they were used')
    .option('--user-agent <text>', 'what the client calls itself, to the letter; or how that begins: curl/*')
    .option('--verb <verb>')
    .option('--resource <resource>')
    .addOption(new Option('--placement <verdict>').choices(VERDICTS))
    .addOption(new Option('--where <where>', 'of uses that are away').choices(AwayWhere.options))
    .option('--code <status>', 'the HTTP status of the answer', readCode)
    .addOption(
      new Option(
        '--kind <kind>',
        'uses, reads of token files, what became of the files, tokens issued, pods entered, or refusals',
      ).choices(HISTORY_KINDS),
    )
    .addOption(new Option('--by <what>', 'instead of a list: how many of each, and since when').choices(GROUPINGS))
    .addOption(
      new Option('--order <order>', 'with --by: most first, or seen first latest, or seen last latest').choices(
        GROUP_ORDERS,
      ),
    )
    .option('--new-since <time>', 'with --by: only what was never seen before', (text) => readTime(text))
    .addOption(new Option('--histogram', 'instead of a list: how many when').conflicts(['by', 'export']))
    .option('--buckets <count>', `with --histogram: stretches of time (default: ${BUCKETS})`, readBuckets)
    .addOption(
      new Option('--export <format>', 'all of it, for other tools').choices(EXPORT_FORMATS).conflicts(['by', 'json']),
    )
    .option('--output <file>', 'with --export: where to, whole or not at all; - is standard output')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => history(options, io));
};

async function history(options: Options, io: Io): Promise<void> {
  const { url: _url, caFile: _caFile, json = false, limit, ...asked } = options;
  const { by, order, newSince, histogram, buckets, export: format, output, ...filter } = asked;
  const query: Query = { ...filter };
  goWith('--by', by, { '--order': order, '--new-since': newSince });
  goWith('--histogram', histogram, { '--buckets': buckets });
  goWith('--export', format, { '--output': output });
  const api = apiOf(options, io);
  if (by !== undefined) return showGroups(api, { ...query, by, order, newSince }, { json, limit }, io);
  if (histogram) return showHistogram(api, { ...query, buckets: buckets ?? BUCKETS }, json, io);
  if (format !== undefined) return exportTo(api, { ...query, format, limit: finite(limit) }, output ?? '-', io);
  return list(api, filter, { json, limit: limit ?? DEFAULT_LIMIT }, io);
}

async function list(
  api: Api,
  filter: Filter,
  { json, limit }: { json: boolean; limit: number },
  io: Io,
): Promise<void> {
  const style = createStyle(io, io.stdout);
  const { credential: id, cluster } = filter;
  if (id !== undefined && !json) {
    const credential = readAs(
      ShownCredential,
      await api.get(`api/v1/credentials/${encodeURIComponent(id)}`, { cluster }),
    );
    const lines = renderCredential(credential, style, io.stdout.columns ?? 100);
    await writeLine(io.stdout, [...lines, ''].join('\n'));
  }
  const items = api.list('api/v1/history', { ...filter }, limit);
  await printList(items, { json, limit, schema: HistoryRow, columns: columns(style), none: 'nothing happened' }, io);
}

/** @throws TruantError REQUEST_INVALID: an option that would be passed over */
function goWith(form: string, asked: unknown, options: Readonly<Record<string, unknown>>): void {
  const [stray] = Object.keys(options).filter((name) => options[name] !== undefined);
  if (asked !== undefined || stray === undefined) return;
  throw new TruantError('REQUEST_INVALID', `${stray} goes with ${form}`, { remedy: 'See truant history --help.' });
}

/** All: as many as the collector lets go. */
const finite = (limit: number | undefined): number | undefined => (limit === Infinity ? undefined : limit);

function columns(style: Style): Column<HistoryRow>[] {
  return [
    { heading: 'TIME', cell: ({ time }) => time },
    { heading: 'PRINCIPAL', cell: ({ principal }) => principal, min: 10 },
    { heading: 'SOURCE', cell: ({ source }) => source, min: 11 },
    { heading: 'PLACEMENT', cell: ({ placement }) => placement, paint: ({ tone }) => style[tone], min: 8 },
    { heading: 'CODE', cell: ({ code }) => code, align: 'right' },
    { heading: 'WHAT', cell: ({ what }) => what, min: 10 },
    { heading: 'CREDENTIAL', cell: ({ credential }) => credential, min: 8, spare: 1 },
  ];
}

function readCode(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It must be an HTTP status such as 403.');
  return Number(text);
}

function readBuckets(text: string): number {
  const buckets = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (buckets >= 1 && buckets <= 500) return buckets;
  throw new InvalidArgumentError('It must be a whole number from 1 to 500.');
}
