import { Registry } from 'prom-client';
import { createAgent } from '../../agent/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { TruantError } from '../../shared/errors.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { CONFIG_OPTION } from '../options.ts';
import type { RegisterCommand } from './command.ts';

const STOP_MS = 10_000;

export const registerAgent: RegisterCommand = (program, io) => {
  program
    .command('agent')
    .description('run the agent of one node: tail the audit log, watch the inventory, send to the collector')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  truant agent --config /etc/truant/truant.yaml')
    .action(async (options: { config?: string }) => {
      const config = await loadConfig(configFile(options.config, io.env), io.env);
      if (config.agent.auditLog.path === undefined) {
        throw new TruantError('CONFIG_INVALID', 'agent.auditLog.path is not set, so there is nothing to tail.', {
          remedy: "Set it to the API server's audit log, such as /var/log/kubernetes/audit/audit.log.",
        });
      }
      const logger = createLogger(config.log);
      const agent = await createAgent(config, { logger, registry: new Registry() });
      await runComponents(agent.components, {
        signal: io.stopSignal(),
        deadlineMs: STOP_MS,
        log: logger,
        onStarted: () => logger.info({ auditLog: config.agent.auditLog.path }, 'agent runs'),
      });
    });
};
