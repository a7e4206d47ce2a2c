/** What people do about alerts: one or several at once. */
import { type Command, Option } from 'commander';
import { TruantError } from '../../shared/errors.ts';
import { CloseReason } from '../../shared/schema/alert.ts';
import type { Micros } from '../../shared/time.ts';
import { EXIT } from '../exit-codes.ts';
import { type Act, actOn } from '../handling/act-on.ts';
import { exceptionsFor } from '../handling/exceptions-for.ts';
import { type Io, writeLine } from '../io.ts';
import { doneLines } from '../ui/alert-done.ts';
import { jsonLine } from '../ui/json.ts';
import { createStyle } from '../ui/style.ts';
import { type ApiCommandOptions, apiOf, readEnd, withApiOptions } from './api-options.ts';
import type { RegisterCommand } from './command.ts';

interface Options extends ApiCommandOptions {
  cluster?: string;
  note?: string;
}

interface CloseOptions extends Options {
  reason: CloseReason;
  except?: true;
  expires?: Micros;
}

interface AssignOptions extends Options {
  to?: string;
  nobody?: true;
}

export const registerAlertActions: RegisterCommand = (alerts, io) => {
  forAlerts(alerts, io, 'ack', 'say that somebody looks at them', 'truant alerts ack al_8c1f04d2b7e96a35c0d1').action(
    (ids: string[], options: Options) => act(ids, () => ({ action: 'acknowledge', ...noteOf(options) }), options, io),
  );

  forAlerts(alerts, io, 'assign', 'say who looks after them', 'truant alerts assign al_8c1f04d2b7e96a35c0d1 --to alice')
    .option('--to <who>', 'a name')
    .addOption(new Option('--nobody', 'take them away from whoever has them').conflicts('to'))
    .action((ids: string[], options: AssignOptions) => assign(ids, options, io));

  forAlerts(
    alerts,
    io,
    'close',
    'say what they turned out to be',
    "truant alerts close al_8c1f04d2b7e96a35c0d1 --reason true-positive --note 'INC-42'",
    "truant alerts close al_8c1f04d2b7e96a35c0d1 --reason benign --note 'our scanner' --except --expires 30d",
  )
    .addOption(
      new Option('--reason <reason>', 'a theft; nothing of the kind; or as told, and allowed')
        .choices(CloseReason.options)
        .makeOptionMandatory(),
    )
    .option('--except', 'never again: the rules that found it, for the same accounts from the same sources')
    .option(
      '--expires <time>',
      'how long these exceptions hold (30d), or until when; left out: until revoked',
      (text) => readEnd(text),
    )
    .action((ids: string[], options: CloseOptions) => close(ids, options, io));

  forAlerts(alerts, io, 'reopen', 'open closed ones again', 'truant alerts reopen al_8c1f04d2b7e96a35c0d1').action(
    (ids: string[], options: Options) => act(ids, () => ({ action: 'reopen', ...noteOf(options) }), options, io),
  );

  forAlerts(
    alerts,
    io,
    'comment',
    'keep a note with them',
    "truant alerts comment al_8c1f04d2b7e96a35c0d1 --note 'asked the owners of shop/cart'",
  ).action((ids: string[], options: Options) => comment(ids, options, io));
};

function forAlerts(alerts: Command, io: Io, name: string, description: string, ...examples: string[]): Command {
  const command = alerts.command(name).description(description).argument('<ids...>', "the alerts' ids");
  return withApiOptions(command, io)
    .option('--cluster <name>', 'which cluster, where several have such an id')
    .option('--note <text>', 'why, for whoever comes after')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
}

async function assign(ids: readonly string[], options: AssignOptions, io: Io): Promise<void> {
  const assignee = options.nobody ? null : options.to;
  if (assignee === undefined) throw wrong('assigning takes --to WHO, or --nobody');
  return act(ids, () => ({ action: 'assign', assignee, ...noteOf(options) }), options, io);
}

async function comment(ids: readonly string[], options: Options, io: Io): Promise<void> {
  const { note } = options;
  if (note === undefined || note.trim() === '') throw wrong('a comment takes --note TEXT');
  return act(ids, () => ({ action: 'comment', note }), options, io);
}

async function close(ids: readonly string[], options: CloseOptions, io: Io): Promise<void> {
  const { reason, except, expires } = options;
  if (!except && expires !== undefined) throw wrong('--expires is about exceptions, and goes with --except');
  if (!except) return act(ids, () => ({ action: 'close', reason, ...noteOf(options) }), options, io);
  if (reason === 'true-positive') throw wrong('--except after a theft would keep the next one back');
  const closing: Act = (findings) => ({
    action: 'close',
    reason,
    ...noteOf(options),
    exceptions: exceptionsFor(findings),
    ...(expires !== undefined && { exceptionsExpireAt: expires }),
  });
  return act(ids, closing, options, io, true);
}

/** Every alert is told of; when nothing was done about some, the exit code says so. */
async function act(ids: readonly string[], act: Act, options: Options, io: Io, byFindings = false): Promise<void> {
  const style = createStyle(io, io.stdout);
  const asked = { ids: [...new Set(ids)], cluster: options.cluster, act, byFindings };
  for await (const done of actOn(apiOf(options, io), asked)) {
    if (done.problem !== undefined) io.exitCode = EXIT.input;
    const lines = options.json ? [jsonLine(done.body)] : doneLines(done, style);
    for (const line of lines) await writeLine(done.problem === undefined || options.json ? io.stdout : io.stderr, line);
  }
}

const noteOf = ({ note }: Options): { note?: string } => (note === undefined ? {} : { note });

function wrong(message: string): TruantError {
  return new TruantError('REQUEST_INVALID', message, { remedy: 'See --help.' });
}
