import { Registry } from 'prom-client';
import { createAgent } from '../../agent/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { TruantError } from '../../shared/errors.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Io } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { STOP_MS } from './settings.ts';

export async function runAgent(file: string | undefined, io: Io): Promise<void> {
  const config = await loadConfig(configFile(file, io.env), io.env);
  const { path } = config.agent.auditLog;
  if (path === undefined) {
    throw new TruantError('CONFIG_INVALID', 'agent.auditLog.path is not set, so there is nothing to tail.', {
      remedy: "Set it to the API server's audit log, such as /var/log/kubernetes/audit/audit.log.",
    });
  }
  const logger = createLogger(config.log);
  const { components } = await createAgent(config, { logger, registry: new Registry() });
  await runComponents(components, {
    signal: io.stopSignal(),
    deadlineMs: STOP_MS,
    log: logger,
    onStarted: () => logger.info({ auditLog: path }, 'agent runs'),
  });
}
