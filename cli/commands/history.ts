import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { TokenUse } from '../../shared/schema/observation.ts';
import { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import { type Io, writeLine } from '../io.ts';
import { renderCredential, ShownCredential } from '../ui/credential.ts';
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
}

/** What the table shows of a use. A newer collector may say more. */
const Use = z.looseObject({
  ...TokenUse.pick({ timeText: true, principal: true }).shape,
  credential: z.looseObject({ id: z.string() }),
  source: z.looseObject({ address: z.string().nullable() }),
  request: z.looseObject({
    verb: z.string(),
    resource: z.string().optional(),
    subresource: z.string().optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
    uri: z.string(),
    code: z.number(),
  }),
});
const Row = z.looseObject({
  use: Use,
  placement: z.looseObject({ verdict: z.string(), where: z.string().optional(), reason: z.string() }).nullable(),
});
type Row = z.infer<typeof Row>;

const VERDICTS = Placement.options.map(({ shape }) => shape.verdict.value);

const EXAMPLES = `
Examples:
  truant history --principal shop/cart --since 24h
  truant history --placement away --json --limit 0
  truant history --source 203.0.113.9 --code 403
  truant history --pod shop/cart-7d9c4`;

export const registerHistory: RegisterCommand = (program, io) => {
  const command: Command = program
    .command('history')
    .description('ask a collector who used which token, when, from where and for what');
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
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => showHistory(options, io));
};

async function showHistory(options: Options, io: Io): Promise<void> {
  const { url: _url, json = false, limit, ...query } = options;
  const api = apiOf(options, io);
  const style = createStyle(io, io.stdout);
  if (query.credential !== undefined && !json) {
    const path = `api/v1/credentials/${encodeURIComponent(query.credential)}`;
    const credential = readAs(ShownCredential, await api.get(path, { cluster: query.cluster }));
    const lines = renderCredential(credential, style, io.stdout.columns ?? 100);
    await writeLine(io.stdout, [...lines, ''].join('\n'));
  }
  const items = api.list('api/v1/uses', query, limit);
  const list = { json, limit, schema: Row, columns: columns(style), none: 'no uses' };
  await printList(items, list, io);
}

function columns(style: Style): Column<Row>[] {
  const paints: Record<string, (text: string) => string> = {
    home: style.green,
    away: style.red,
    unclear: style.yellow,
  };
  return [
    { heading: 'TIME', cell: ({ use }) => use.timeText.slice(0, 19).replace('T', ' ') },
    {
      heading: 'PRINCIPAL',
      cell: ({ use }) => use.principal.replace(/^system:serviceaccount:/, '').replace(':', '/'),
      min: 10,
    },
    { heading: 'SOURCE', cell: ({ use }) => use.source.address ?? 'none', min: 11 },
    {
      heading: 'PLACEMENT',
      cell: ({ placement }) => (placement ? `${placement.verdict} ${placement.where ?? placement.reason}` : ''),
      paint: ({ placement }) => paints[placement?.verdict ?? ''] ?? style.dim,
      min: 8,
    },
    { heading: 'CODE', cell: ({ use }) => String(use.request.code), align: 'right' },
    { heading: 'REQUEST', cell: ({ use }) => requestText(use.request), min: 10 },
    { heading: 'CREDENTIAL', cell: ({ use }) => use.credential.id, min: 8, spare: true },
  ];
}

/** `get secrets shop/db-password`, or the path of a request that is about no resource. */
function requestText({ verb, resource, subresource, namespace, name, uri }: z.infer<typeof Use>['request']): string {
  if (!resource) return `${verb} ${uri}`;
  const object = [namespace, name].filter((part) => part).join('/');
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${object && ` ${object}`}`;
}

function readCode(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It must be an HTTP status such as 403.');
  return Number(text);
}
