/**
 * The closed list of what can go wrong, by code. Every error that Truant raises itself is a TruantError; what it wraps
 * is kept as `cause`. `retriable` says whether the same call may succeed later without anybody changing anything.
 */
const CODES = {
  CONFIG_INVALID: { retriable: false },
  INPUT_NOT_FOUND: { retriable: false },
  INPUT_UNREADABLE: { retriable: false },
  INVENTORY_UNREADABLE: { retriable: false },
  CHECKPOINT_UNREADABLE: { retriable: false },
  STATE_UNWRITABLE: { retriable: false },
  STATE_LOCKED: { retriable: false },
  STORE_UNAVAILABLE: { retriable: true },
  STORE_SCHEMA_TOO_NEW: { retriable: false },
  STORE_LOCKED: { retriable: false },
  REQUEST_INVALID: { retriable: false },
  NOT_FOUND: { retriable: false },
  CONFLICT: { retriable: false },
  COLLECTOR_UNREACHABLE: { retriable: true },
  COLLECTOR_REFUSED: { retriable: false },
  OUTPUT_FAILED: { retriable: true },
  LISTEN_FAILED: { retriable: false },
  LISTEN_UNSAFE: { retriable: false },
  CLUSTER_UNREACHABLE: { retriable: true },
  IDENTITY_UNAVAILABLE: { retriable: true },
  OVERLOADED: { retriable: true },
  LIMIT_REACHED: { retriable: true },
} as const;

export type ErrorCode = keyof typeof CODES;

export class TruantError extends Error {
  override readonly name = 'TruantError';
  readonly code: ErrorCode;
  /** What the reader can do about it, as a sentence. */
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; remedy?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }

  get retriable(): boolean {
    return CODES[this.code].retriable;
  }
}
