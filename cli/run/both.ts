/** Agent and collector in one process, and what they find told in the terminal as it happens. */
import { Registry } from 'prom-client';
import { type Agent, createAgent } from '../../agent/topology.ts';
import { type Collector, createCollector } from '../../collector/topology.ts';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { runComponents } from '../../shared/component/run.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Clock } from '../../shared/time.ts';
import type { Io } from '../io.ts';
import { AlertFeed } from '../ui/alert-feed.ts';
import { createStyle } from '../ui/style.ts';
import { STOP_MS } from './settings.ts';

const DEFAULT_WIDTH = 100;

export interface BothOptions {
  config: Config;
  io: Io;
  logger: Logger;
  signal: AbortSignal;
  /** Given: the inventory and the time come from a playback. */
  playback?: { clock: Clock };
  /** Called once everything runs, with the address that the collector answers at. */
  onStarted(agent: Agent, address: string): void;
  onAlert?(alert: Alert): void;
}

/** Runs until the signal is aborted. */
export async function runBoth({
  config,
  io,
  logger,
  signal,
  playback,
  onStarted,
  onAlert,
}: BothOptions): Promise<void> {
  const registry = new Registry();
  const time = playback && { clock: playback.clock };
  const collector = await createCollector(config, { logger, registry, ...time });
  const feed = new AlertFeed(createStyle(io, io.stdout), io.stdout.columns ?? DEFAULT_WIDTH);
  const stopTelling = collector.onAlerts((alerts) => {
    for (const alert of alerts) {
      for (const line of feed.tell(alert)) io.stdout.write(`${line}\n`);
      onAlert?.(alert);
    }
  });
  let agent: Agent | undefined;
  const agentAfterCollector = createComponent('agent', {
    start: async () => {
      agent = await createAgent(atAddress(config, collector), {
        logger,
        registry,
        metricsElsewhere: true,
        ...time,
        ...(playback && { inventoryFromOutside: true as const }),
      });
      for (const component of agent.components) await component.start();
    },
    stop: async () => {
      for (const component of agent?.components.toReversed() ?? []) await component.stop();
    },
  });
  const components: Component[] = [...collector.components, agentAfterCollector];
  await runComponents(components, {
    signal,
    deadlineMs: STOP_MS,
    log: logger,
    onStarted: () => onStarted(agent as Agent, collector.address() ?? ''),
  });
  stopTelling();
}

/** The port may have been any free one. With TLS, only the configuration knows the name that the certificate is for. */
function atAddress(config: Config, collector: Collector): Config {
  const url = collector.address();
  if (url === undefined || config.collector.tls.certFile !== undefined) return config;
  return { ...config, agent: { ...config.agent, collector: { ...config.agent.collector, url } } };
}
