/** How the sensors of token files are put together: only on a node that is to have them. */

import type { Component } from '../../shared/component/component.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Policy } from '../../shared/detection/policy.ts';
import type { Workloads } from '../../shared/inventory/workloads.ts';
import type { SensorLine } from '../file-observer.ts';
import type { Tell } from '../observer.ts';
import type { AgentDeps } from '../topology.ts';

export interface SensorParts {
  node: string;
  policy: Policy;
  workloads: Workloads;
  see(lines: readonly SensorLine[]): void;
  tell: Tell;
  deps: AgentDeps;
}

export function createSensors(config: Config, _parts: SensorParts): Component[] {
  if (!config.agent.tokenFiles.enabled) return [];
  return [];
}
