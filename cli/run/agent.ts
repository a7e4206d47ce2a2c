import { Registry } from 'prom-client';
import { createAgent } from '../../agent/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Io } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { STOP_MS } from './settings.ts';

export async function runAgent(file: string | undefined, io: Io): Promise<void> {
  const config = await loadConfig(configFile(file, io.env), io.env);
  const { path } = config.agent.auditLog;
  const logger = createLogger(config.log);
  const { components } = await createAgent(config, { logger, registry: new Registry() });
  await runComponents(components, {
    signal: io.stopSignal(),
    deadlineMs: STOP_MS,
    log: logger,
    onStarted: () => {
      if (path === undefined) logger.warn('agent runs idle: agent.auditLog.path is not set, so it watches no requests');
      else logger.info({ auditLog: path }, 'agent runs');
    },
  });
}
