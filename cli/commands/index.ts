import { registerAlerts } from './alerts.ts';
import type { RegisterCommand } from './command.ts';
import { registerConfig } from './config.ts';
import { registerHistory } from './history.ts';

/** In the order in which `truant --help` lists them. */
export const commands: readonly RegisterCommand[] = [registerAlerts, registerHistory, registerConfig];
