import { Argument } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { treeOf } from '../completion/tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { write } from '../io.ts';
import type { RegisterCommand } from './command.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const EXAMPLES = `
Examples:
  source <(truant completion bash)        in ~/.bashrc
  source <(truant completion zsh)         in ~/.zshrc, after compinit
  truant completion fish | source         in ~/.config/fish/config.fish`;

export const registerCompletion: RegisterCommand = (program, io) => {
  program
    .command('completion')
    .description('a script that has a shell complete commands, options and their values')
    .addArgument(new Argument('<shell>').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: keyof typeof SHELLS) => write(io.stdout, SHELLS[shell](treeOf(program))));
};
