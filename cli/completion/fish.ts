/** Completion for fish, with descriptions. */
import { commandsBelow, valueOptions } from './shell-words.ts';
import { type CommandNode, eachCommand, type OptionNode } from './tree.ts';

export function fishCompletion(root: CommandNode): string {
  const values = valueOptions(root).map(({ at }) => at);
  const at = `__${root.name}_at`;
  const lines = [...eachCommand(root)].flatMap((node) => {
    const where = `complete -c ${root.name} -n ${quoted(`${at} ${quoted(node.path)}`)}`;
    return [
      ...node.commands.map(({ name, description }) => `${where} -a ${name} -d ${quoted(description)}`),
      ...(node.operands.choices.length > 0 ? [`${where} -a ${quoted(node.operands.choices.join(' '))}`] : []),
      ...(node.operands.files ? [`${where} -F`] : []),
      ...node.options.map((option) => `${where} ${optionWords(option)}`),
    ];
  });
  return `# Completion of ${root.name} for fish: ${root.name} completion fish | source
function ${at}
    set -l at ${root.name}
    set -l waiting
    set -l words (commandline -opc)
    for word in $words[2..]
        if set -q waiting[1]
            set -e waiting[1]
            continue
        end
        switch "$at $word"
            case ${commandsBelow(root).map(quoted).join(' ')}
                set at "$at $word"
            case ${values.map(quoted).join(' ')}
                set waiting $word
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${root.name} -f
${lines.join('\n')}
`;
}

function optionWords({ flags, description, takesValue, choices, files }: OptionNode): string {
  return [
    ...flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)),
    ...(takesValue ? [files ? '-r -F' : '-x'] : []),
    ...(choices.length > 0 ? [`-a ${quoted(choices.join(' '))}`] : []),
    `-d ${quoted(description)}`,
  ].join(' ');
}

/** fish has its own way within quotes. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
