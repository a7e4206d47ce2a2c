import { CONFIG_OPTION } from '../options.ts';
import type { RegisterCommand } from './command.ts';

export const registerAgent: RegisterCommand = (program, io) => {
  program
    .command('agent')
    .description('run the agent of one node: tail the audit log, watch the inventory, send to the collector')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  truant agent --config /etc/truant/truant.yaml')
    .action(async (options: { config?: string }) => {
      const { runAgent } = await import('../run/agent.ts');
      await runAgent(options.config, io);
    });
};
