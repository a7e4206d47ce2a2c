import { registerAgent } from './agent.ts';
import { registerAlerts } from './alerts.ts';
import { registerCollector } from './collector.ts';
import type { RegisterCommand } from './command.ts';
import { registerCompletion } from './completion.ts';
import { registerConfig } from './config.ts';
import { registerCredential } from './credential.ts';
import { registerExceptions } from './exceptions.ts';
import { registerFleet } from './fleet.ts';
import { registerHistory } from './history.ts';
import { registerHunt } from './hunt.ts';
import { registerOutputs } from './outputs.ts';
import { registerReplay } from './replay.ts';
import { registerStart } from './start.ts';
import { registerTail } from './tail.ts';

/** In the order in which `truant --help` lists them. */
export const commands: readonly RegisterCommand[] = [
  registerStart,
  registerHunt,
  registerReplay,
  registerAgent,
  registerCollector,
  registerAlerts,
  registerExceptions,
  registerHistory,
  registerCredential,
  registerFleet,
  registerOutputs,
  registerTail,
  registerConfig,
  registerCompletion,
];
