import { Registry } from 'prom-client';
import { createCollector } from '../../collector/topology.ts';
import { runComponents } from '../../shared/component/run.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Io } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { STOP_MS } from './settings.ts';

export async function runCollector(file: string | undefined, io: Io): Promise<void> {
  const config = await loadConfig(configFile(file, io.env), io.env);
  const logger = createLogger(config.log);
  const { components, address } = await createCollector(config, { logger, registry: new Registry() });
  await runComponents(components, {
    signal: io.stopSignal(),
    deadlineMs: STOP_MS,
    log: logger,
    onStarted: () => logger.info({ address: address() }, 'collector runs'),
  });
}
