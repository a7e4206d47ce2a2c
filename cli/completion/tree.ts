/** The command line as data: what may come after which words, for shells to offer. */
import { type Argument, type Command, Help, type Option } from 'commander';
import { DEFAULT_COMMAND } from '../commands/command.ts';

/** What a word may be: one of these, a file, or anything. */
export interface Values {
  choices: readonly string[];
  files: boolean;
}

export interface OptionNode extends Values {
  /** `-n`, `--limit` */
  flags: readonly string[];
  description: string;
  takesValue: boolean;
}

export interface CommandNode {
  /** From the program's name on: `truant alerts close`. */
  path: string;
  name: string;
  description: string;
  options: readonly OptionNode[];
  /** Of what comes after it that is no option, all taken together. */
  operands: Values;
  commands: readonly CommandNode[];
}

const FILES = /file|path|folder|recording/;
const VALUE = /[<[].*/;

/** @param above the path before its name */
export function treeOf(command: Command, above = ''): CommandNode {
  const path = above === '' ? command.name() : `${above} ${command.name()}`;
  const visible = new Help();
  const commands = command.commands.map((sub) => treeOf(sub, path));
  // What a group does by itself is what its default command does.
  const byDefault = commands.find(({ name }) => name === DEFAULT_COMMAND);
  const own = visible.visibleOptions(command).map(optionNode);
  const operands = [operandsOf(command.registeredArguments), ...(byDefault ? [byDefault.operands] : [])];
  return {
    path,
    name: command.name(),
    description: command.description(),
    options: [...own, ...(byDefault?.options ?? []).filter(({ flags }) => !own.some((other) => shares(other, flags)))],
    operands: {
      choices: operands.flatMap(({ choices }) => choices),
      files: operands.some(({ files }) => files),
    },
    commands,
  };
}

/** Every command of it, itself first. */
export function* eachCommand(node: CommandNode): Generator<CommandNode> {
  yield node;
  for (const sub of node.commands) yield* eachCommand(sub);
}

function optionNode(option: Option): OptionNode {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    files: FILES.test(VALUE.exec(option.flags)?.[0] ?? ''),
  };
}

function operandsOf(all: readonly Argument[]): Values {
  return {
    choices: all.flatMap(({ argChoices }) => argChoices ?? []),
    files: all.some((argument) => FILES.test(argument.name())),
  };
}

const shares = (option: OptionNode, flags: readonly string[]): boolean =>
  option.flags.some((flag) => flags.includes(flag));
