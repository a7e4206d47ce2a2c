/** The folder of all that the agent must not forget. */
import { TruantError } from '../shared/errors.ts';

export const unwritable = (folder: string, cause: unknown): TruantError =>
  new TruantError(
    'STATE_UNWRITABLE',
    `The state folder ${folder} can't be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause, remedy: 'Make it writable for the agent, with room on its disk, or name another one in agent.stateDir.' },
  );
