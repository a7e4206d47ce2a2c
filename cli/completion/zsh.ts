/** Completion for zsh, with descriptions. */
import { quoted, valueOptions, walk } from './shell-words.ts';
import { type CommandNode, eachCommand, type OptionNode, type Values } from './tree.ts';

export function zshCompletion(root: CommandNode): string {
  const nodes = [...eachCommand(root)];
  const values = valueOptions(root);
  const name = `_${root.name}`;
  return `#compdef ${root.name}
# Completion of ${root.name} for zsh: source <(${root.name} completion zsh), or as a file ${name} in a folder of $fpath
${name}() {
  local at=${root.name} waiting='' word
  local -i i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
${walk(root)}
  done
  if [[ -z $waiting && $PREFIX == --*=* ]]; then
    waiting=\${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $waiting ]]; then
    case "$at $waiting" in
${values.flatMap(({ at, option }) => valueLine(at, option)).join('\n')}
    esac
  elif [[ $PREFIX == -* ]]; then
    case "$at" in
${nodes.map(({ path, options }) => `      ${quoted(path)}) offered=(${options.flatMap(optionWords).join(' ')}); _describe -o option offered ;;`).join('\n')}
    esac
  else
    case "$at" in
${nodes.flatMap(operandLine).join('\n')}
    esac
  fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then ${name} "$@"; else compdef ${name} ${root.name}; fi
`;
}

const optionWords = ({ flags, description }: OptionNode): string[] => flags.map((flag) => described(flag, description));

/** As _describe takes it. */
const described = (word: string, description: string): string =>
  quoted(`${word.replaceAll(':', '\\:')}:${description}`);

function valueLine(at: string, { choices, files }: Values): string[] {
  if (choices.length > 0) return [`      ${quoted(at)}) compadd -- ${choices.map(quoted).join(' ')} ;;`];
  return files ? [`      ${quoted(at)}) _files ;;`] : [];
}

function operandLine({ path, commands, operands }: CommandNode): string[] {
  if (commands.length === 0) return valueLine(path, operands);
  const words = commands.map(({ name, description }) => described(name, description));
  return [`      ${quoted(path)}) offered=(${words.join(' ')}); _describe command offered ;;`];
}
