/** Completion for bash 4.4 and later. It offers words, and files where a file belongs. */
import { quoted, valueOptions, walk, wordsOf } from './shell-words.ts';
import { type CommandNode, eachCommand, type Values } from './tree.ts';

export function bashCompletion(root: CommandNode): string {
  const nodes = [...eachCommand(root)];
  const values = valueOptions(root);
  const name = `_${root.name}`;
  return `# Completion of ${root.name} for bash: source <(${root.name} completion bash)
${name}() {
  local at=${root.name} waiting='' offered='' files='' cur=\${COMP_WORDS[COMP_CWORD]} word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash takes --option=value for three words.
    if [[ $word == '=' ]]; then continue; fi
${walk(root)}
  done
  if [[ $cur == '=' ]]; then cur=''; fi
  if [[ -n $waiting ]]; then
    case "$at $waiting" in
${values.flatMap(({ at, option }) => line(at, option)).join('\n')}
    esac
  elif [[ $cur == -* ]]; then
    case "$at" in
${nodes.map(({ path, options }) => `      ${quoted(path)}) offered=${quoted(options.flatMap(({ flags }) => flags).join(' '))} ;;`).join('\n')}
    esac
  else
    case "$at" in
${nodes.flatMap((node) => line(node.path, { choices: wordsOf(node), files: node.operands.files })).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$offered" -- "$cur"))
  if [[ -n $files ]]; then compopt -o default; fi
}
complete -F ${name} ${root.name}
`;
}

/** None where anything may stand. */
function line(at: string, { choices, files }: Values): string[] {
  const sets = [...(choices.length > 0 ? [`offered=${quoted(choices.join(' '))}`] : []), ...(files ? ['files=1'] : [])];
  return sets.length === 0 ? [] : [`      ${quoted(at)}) ${sets.join('; ')} ;;`];
}
