import { registerAgent } from './agent.ts';
import { registerAlerts } from './alerts.ts';
import { registerCollector } from './collector.ts';
import type { RegisterCommand } from './command.ts';
import { registerConfig } from './config.ts';
import { registerHistory } from './history.ts';
import { registerHunt } from './hunt.ts';
import { registerReplay } from './replay.ts';
import { registerStart } from './start.ts';

/** In the order in which `truant --help` lists them. */
export const commands: readonly RegisterCommand[] = [
  registerStart,
  registerHunt,
  registerReplay,
  registerAgent,
  registerCollector,
  registerAlerts,
  registerHistory,
  registerConfig,
];
