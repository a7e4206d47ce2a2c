import { Registry } from 'prom-client';
import { createCollector } from '../../collector/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { CONFIG_OPTION } from '../options.ts';
import type { RegisterCommand } from './command.ts';

const STOP_MS = 10_000;

export const registerCollector: RegisterCommand = (program, io) => {
  program
    .command('collector')
    .description('run the collector: take what agents send, keep the history, find thefts, answer questions')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  truant collector --config /etc/truant/truant.yaml')
    .action(async (options: { config?: string }) => {
      const config = await loadConfig(configFile(options.config, io.env), io.env);
      const logger = createLogger(config.log);
      const collector = await createCollector(config, { logger, registry: new Registry() });
      await runComponents(collector.components, {
        signal: io.stopSignal(),
        deadlineMs: STOP_MS,
        log: logger,
        onStarted: () => logger.info({ address: collector.address() }, 'collector runs'),
      });
    });
};
