import { CONFIG_OPTION } from '../options.ts';
import type { RegisterCommand } from './command.ts';

export const registerCollector: RegisterCommand = (program, io) => {
  program
    .command('collector')
    .description('run the collector: take what agents send, keep the history, find thefts, answer questions')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  truant collector --config /etc/truant/truant.yaml')
    .action(async (options: { config?: string }) => {
      const { runCollector } = await import('../run/collector.ts');
      await runCollector(options.config, io);
    });
};
