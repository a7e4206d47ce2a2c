import type { ErrorCode } from '../shared/errors.ts';

/** What `truant` exits with. The list is closed and documented in docs/cli.md; scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** Alerts, or agents that are not well, were found, and the caller had asked to be told so; or a test alert did not arrive. */
  findings: 1,
  /** The command line or a request's parameters are wrong. */
  usage: 2,
  /**
   * A file, the configuration, or what was asked for by its id is missing, can't be read (to its end) or isn't right, so
   * that what was asked is not, or not wholly, answered.
   */
  input: 3,
  /** A collector or cluster can't be reached, or refuses. */
  unreachable: 4,
  /** What it needs of its own is not to be had: the store, the state folder, the address to listen on, room for output. */
  unavailable: 5,
  /** A defect of Truant. */
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_OF: Readonly<Record<ErrorCode, ExitCode>> = {
  CONFIG_INVALID: EXIT.input,
  INPUT_NOT_FOUND: EXIT.input,
  INPUT_UNREADABLE: EXIT.input,
  INVENTORY_UNREADABLE: EXIT.input,
  CHECKPOINT_UNREADABLE: EXIT.input,
  STATE_UNWRITABLE: EXIT.unavailable,
  STATE_LOCKED: EXIT.unavailable,
  STORE_UNAVAILABLE: EXIT.unavailable,
  STORE_SCHEMA_TOO_NEW: EXIT.unavailable,
  STORE_LOCKED: EXIT.unavailable,
  REQUEST_INVALID: EXIT.usage,
  NOT_FOUND: EXIT.input,
  CONFLICT: EXIT.input,
  COLLECTOR_UNREACHABLE: EXIT.unreachable,
  COLLECTOR_REFUSED: EXIT.unreachable,
  OUTPUT_FAILED: EXIT.unavailable,
  LISTEN_FAILED: EXIT.unavailable,
  LISTEN_UNSAFE: EXIT.input,
  CLUSTER_UNREACHABLE: EXIT.unreachable,
  LIMIT_REACHED: EXIT.unreachable,
  IDENTITY_UNAVAILABLE: EXIT.unreachable,
  OVERLOADED: EXIT.unreachable,
};
