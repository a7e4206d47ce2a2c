import { Registry } from 'prom-client';
import { createAgent } from '../../agent/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Io } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { STOP_MS } from './settings.ts';

const IDLE =
  'agent runs idle: agent.auditLog.path is not set, so it watches no requests; nor is agent.tokenFiles.enabled, so it watches no files';

export async function runAgent(file: string | undefined, io: Io): Promise<void> {
  const config = await loadConfig(configFile(file, io.env), io.env);
  const { auditLog, tokenFiles } = config.agent;
  const { path } = auditLog;
  const logger = createLogger(config.log);
  const { components } = await createAgent(config, { logger, registry: new Registry() });
  await runComponents(components, {
    signal: io.stopSignal(),
    deadlineMs: STOP_MS,
    log: logger,
    onStarted: () => {
      if (path === undefined && !tokenFiles.enabled) logger.warn(IDLE);
      else logger.info({ auditLog: path, sensor: tokenFiles.enabled ? tokenFiles.mode : 'off' }, 'agent runs');
    },
  });
}
