/** How the sensors of token files are put together, on a node that is to have them. */
import { type Component, createComponent } from '../../shared/component/component.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Policy } from '../../shared/detection/policy.ts';
import type { Workloads } from '../../shared/inventory/workloads.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import type { SensorLine } from '../file-observer.ts';
import type { Tell } from '../source-status.ts';
import { TOKEN_FILE_DROPS, TOKEN_FILE_ERRORS, TokenFilesSource } from '../sources/token-files/token-files-source.ts';
import {
  TOKEN_OPENS_DROPPED,
  TOKEN_OPENS_ERRORS,
  TokenOpensSource,
} from '../sources/token-opens/token-opens-source.ts';
import type { AgentDeps } from '../topology.ts';
import { guardedBy } from './guarded.ts';

export interface SensorParts {
  node: string;
  policy: Policy;
  /** For mode enforce: which pods are whose. */
  workloads: Workloads;
  see(lines: readonly SensorLine[]): void;
  tell: Tell;
  deps: AgentDeps;
}

/** Exceptions end by the clock, and pods come and go: so often it is seen to whom the policy applies. */
const POLICY_EVERY_MS = 1000;

export function createSensors(config: Config, parts: SensorParts): Component[] {
  if (!config.agent.tokenFiles.enabled) return [];
  const opens = tokenOpens(config, parts);
  // Opens are watched before anything is read, so that none is missed.
  return [opens, ...enforcement(config, parts, opens), tokenFiles(config, parts)];
}

function tokenOpens(config: Config, { see, tell, deps }: SensorParts): TokenOpensSource {
  const { podsRoot, mode, answerWithinMs, maxVolumes, enforce } = config.agent.tokenFiles;
  return new TokenOpensSource({
    podsRoot,
    mode,
    answerWithinMs,
    maxVolumes,
    // Nobody is denied anything before it is known who is who.
    policy: { deny: enforce.deny, dryRun: enforce.dryRun, allowExecutables: [], openers: [], pods: [] },
    onOpens: (opens) => see(opens.map((value) => ({ about: 'open', value }))),
    onStatus: ({ status, reason, detail }) => tell('token-opens', status, reason, detail),
    metrics: componentMetrics(deps.registry, 'token-opens', {
      dropped: TOKEN_OPENS_DROPPED,
      errors: TOKEN_OPENS_ERRORS,
    }),
    logger: deps.logger,
  });
}

/** Keeps the sensor's policy up with configuration and inventory. */
function enforcement(config: Config, { policy, workloads }: SensorParts, opens: TokenOpensSource): Component[] {
  const { mode, enforce } = config.agent.tokenFiles;
  if (mode !== 'enforce') return [];
  const { deny, dryRun } = enforce;
  let timer: NodeJS.Timeout | undefined;
  let known = '';
  const apply = (): void => {
    const guarded = guardedBy(enforce, policy, workloads);
    const now = JSON.stringify(guarded);
    if (now === known) return;
    known = now;
    opens.setPolicy({ deny, dryRun, ...guarded });
  };
  return [
    createComponent('enforcement', {
      start: () => {
        apply();
        timer = setInterval(apply, POLICY_EVERY_MS);
      },
      stop: () => clearInterval(timer),
    }),
  ];
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
