import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** Adds one command to the program. */
export type RegisterCommand = (program: Command, io: Io) => void;
