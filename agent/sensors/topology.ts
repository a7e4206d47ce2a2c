/** How the sensors of token files are put together, on a node that is to have them. */
import type { Component } from '../../shared/component/component.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Policy } from '../../shared/detection/policy.ts';
import type { Workloads } from '../../shared/inventory/workloads.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import type { SensorLine } from '../file-observer.ts';
import type { Tell } from '../observer.ts';
import { TOKEN_FILE_DROPS, TOKEN_FILE_ERRORS, TokenFilesSource } from '../sources/token-files/token-files-source.ts';
import type { AgentDeps } from '../topology.ts';

export interface SensorParts {
  node: string;
  policy: Policy;
  /** For mode enforce: which pods are whose. */
  workloads: Workloads;
  see(lines: readonly SensorLine[]): void;
  tell: Tell;
  deps: AgentDeps;
}

export function createSensors(config: Config, parts: SensorParts): Component[] {
  return config.agent.tokenFiles.enabled ? [tokenFiles(config, parts)] : [];
}

function tokenFiles(config: Config, { node, see, tell, deps }: SensorParts): Component {
  return new TokenFilesSource({
    podsRoot: config.agent.tokenFiles.podsRoot,
    node,
    onLines: (lines) => see(lines.map((value) => ({ about: 'file', value }))),
    onStatus: ({ status, reason, detail }) => tell('token-files', status, reason, detail),
    metrics: componentMetrics(deps.registry, 'token-files', { dropped: TOKEN_FILE_DROPS, errors: TOKEN_FILE_ERRORS }),
    logger: deps.logger,
    ...(deps.clock && { clock: deps.clock }),
  });
}
