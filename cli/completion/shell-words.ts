/** What the scripts of all shells are made of. */
import { type CommandNode, eachCommand, type OptionNode } from './tree.ts';

/** A text for a POSIX shell, and for zsh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What leads down the command line: `truant alerts close`. */
export const commandsBelow = (root: CommandNode): string[] =>
  [...eachCommand(root)].filter((node) => node !== root).map(({ path }) => path);

/** An option that waits for its value, with where it stands: `truant history --since`. */
export function valueOptions(root: CommandNode): { at: string; option: OptionNode }[] {
  return [...eachCommand(root)].flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap((option) => option.flags.map((flag) => ({ at: `${path} ${flag}`, option }))),
  );
}

/** `'a'|'b'`: a pattern of `case` that means any of these, to the letter. */
const anyOf = (texts: readonly string[]): string => texts.map(quoted).join('|');

export const wordsOf = ({ commands, operands }: CommandNode): string[] => [
  ...commands.map(({ name }) => name),
  ...operands.choices,
];

/**
 * What bash and zsh do with each word: `at` is the command so far, `waiting` the option whose value comes next, or empty.
 */
export const walk = (root: CommandNode): string => `    if [[ -n $waiting ]]; then waiting=''; continue; fi
    case "$at $word" in
      ${anyOf(commandsBelow(root))}) at="$at $word" ;;
      ${anyOf(valueOptions(root).map(({ at }) => at))}) waiting=$word ;;
    esac`;
