import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** Adds one command to the program. */
export type RegisterCommand = (program: Command, io: Io) => void;

/** What a group of commands does when none of them is named: one of this name, registered as its default. */
export const DEFAULT_COMMAND = 'list';
