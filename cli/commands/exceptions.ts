import { type Command, Option } from 'commander';
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { printable } from '../../shared/text.ts';
import { formatTime, type Micros, wallClock } from '../../shared/time.ts';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { dayOf, toSecond } from '../ui/prose.ts';
import { createStyle, type Style } from '../ui/style.ts';
import type { Column } from '../ui/table.ts';
import { type ApiCommandOptions, apiOf, withApiOptions } from './api-options.ts';
import { DEFAULT_COMMAND, type RegisterCommand } from './command.ts';
import { printList } from './list-output.ts';

interface ListOptions extends ApiCommandOptions {
  cluster?: string;
  state?: string;
}

const Row = z.looseObject({
  id: z.string(),
  rule: z.string(),
  principal: z.string(),
  source: z.string().nullable(),
  cluster: z.string().nullable(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  revokedBy: z.string().nullable(),
  revokedAt: z.number().nullable(),
  suppressed: z.number(),
  lastSuppressed: z.number().nullable(),
});
type Row = z.infer<typeof Row>;

const Answer = z.looseObject({ items: z.array(z.unknown()) });

const EXAMPLES = `
Examples:
  truant exceptions                 the same as \`truant exceptions list\`
  truant exceptions list --state all
  truant exceptions revoke ex_5d0c6ad6b1a2f3e4c5b6`;

export const registerExceptions: RegisterCommand = (program, io) => {
  const exceptions = program
    .command('exceptions')
    .description('what is not to be told of again: list it with how often it kept something back, or revoke it')
    .addHelpText('after', EXAMPLES);
  registerList(exceptions, io);
  registerRevoke(exceptions, io);
};

function registerList(exceptions: Command, io: Io): void {
  withApiOptions(
    exceptions
      .command(DEFAULT_COMMAND, { isDefault: true })
      .description('the exceptions that there are, the newest first'),
    io,
  )
    .option('--cluster <name>')
    .addOption(
      new Option('--state <state>', 'those in force, or expired and revoked ones too')
        .choices(['active', 'all'])
        .default('active'),
    )
    .addHelpText('after', '\nExamples:\n  truant exceptions list\n  truant exceptions list --state all --json')
    .action((options: ListOptions) => listExceptions(options, io));
}

function registerRevoke(exceptions: Command, io: Io): void {
  withApiOptions(exceptions.command('revoke').description('from now on, tell of it again'), io)
    .argument('<id>', "the exception's id")
    .addHelpText('after', '\nExamples:\n  truant exceptions revoke ex_5d0c6ad6b1a2f3e4c5b6')
    .action(async (id: string, options: ApiCommandOptions) => {
      const body = await apiOf(options, io).post(`api/v1/exceptions/${encodeURIComponent(id)}/revoke`, {});
      await writeLine(io.stdout, options.json ? jsonLine(body) : revokedLine(readAs(Row, body)));
    });
}

async function listExceptions({ json = false, cluster, state, ...options }: ListOptions, io: Io): Promise<void> {
  const { items } = readAs(Answer, await apiOf(options, io).get('api/v1/exceptions', { cluster, state }));
  const columns = exceptionColumns(createStyle(io, io.stdout), wallClock.now());
  await printList(items, { json, limit: Infinity, schema: Row, columns, none: 'no exceptions' }, io);
}

function exceptionColumns(style: Style, now: Micros): Column<Row>[] {
  return [
    { heading: 'RULE', cell: ({ rule }) => rule, min: 16 },
    { heading: 'PRINCIPAL', cell: ({ principal }) => nameOf(principal), min: 10 },
    { heading: 'FROM', cell: ({ source }) => source ?? 'anywhere', min: 8 },
    {
      heading: 'STATE',
      cell: (row) => stateOf(row, now),
      paint: (row) => (stateOf(row, now).startsWith('in force') ? style.green : style.dim),
    },
    { heading: 'KEPT BACK', cell: ({ suppressed }) => String(suppressed), align: 'right' },
    {
      heading: 'LAST',
      cell: ({ lastSuppressed }) => (lastSuppressed === null ? '' : dayOf(lastSuppressed)),
      spare: 1,
    },
    { heading: 'BY', cell: ({ createdBy }) => createdBy, min: 6, spare: 1 },
    { heading: 'CLUSTER', cell: ({ cluster }) => cluster ?? 'every', min: 7, spare: 1 },
    { heading: 'REASON', cell: ({ reason }) => reason, min: 10, spare: 1 },
    { heading: 'ID', cell: ({ id }) => id },
  ];
}

function stateOf({ revokedAt, expiresAt }: Row, now: Micros): string {
  if (revokedAt !== null) return `revoked ${dayOf(revokedAt)}`;
  if (expiresAt === null) return 'in force';
  return expiresAt > now ? `in force to ${dayOf(expiresAt)}` : `expired ${dayOf(expiresAt)}`;
}

function revokedLine({ id, rule, principal, source, revokedBy, revokedAt }: Row): string {
  const when = revokedAt === null ? '' : ` at ${toSecond(formatTime(revokedAt))}`;
  const what = `${rule}, of ${nameOf(principal)}, from ${source ?? 'anywhere'}`;
  return printable(`${id}  revoked${revokedBy === null ? '' : ` by ${revokedBy}`}${when}: ${what}`);
}
