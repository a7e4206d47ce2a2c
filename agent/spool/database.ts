/** The three databases in the spool's one file, and what LMDB says when something goes wrong. */
import { type Database as Lmdb, open, type RootDatabase } from 'lmdb';

/** LMDB's own errors are below; those above 0 are the system's. */
const LMDB_ERRORS = -30_000;

export interface Database {
  /** By position. */
  records: Lmdb<Buffer, number>;
  /** What waits to be released: observations by name. */
  held: Lmdb<Buffer, string>;
  meta: Lmdb<Buffer, string>;
  /** All or nothing; on disk once it resolves. Rejects with what the system said. */
  commit(write: () => void): Promise<void>;
  /** The same at once, while nothing else runs. */
  commitNow(write: () => void): void;
  close(): Promise<void>;
}

/** @throws what LMDB or the system says */
export function openDatabase(path: string): Database {
  const root: RootDatabase<Buffer, string> = open({
    path,
    noSubdir: false,
    encoding: 'binary',
    maxDbs: 4,
    // A commit is on disk when it resolves: LMDB's own way, which needs no repair after a loss of power.
    overlappingSync: false,
    // What is written outside of a batch would have promises that nobody can look after.
    eventTurnBatching: false,
  });
  try {
    const encoding = 'binary';
    return {
      records: root.openDB<Buffer, number>({ name: 'records', encoding }),
      held: root.openDB<Buffer, string>({ name: 'held', encoding }),
      meta: root.openDB<Buffer, string>({ name: 'meta', encoding }),
      commit: async (write) => {
        try {
          await root.batch(write);
        } catch (error) {
          throw await causeOf(error);
        }
      },
      commitNow: (write) => root.transactionSync(write),
      close: () => root.close(),
    };
  } catch (error) {
    void root.close();
    throw error;
  }
}

/** The file is not what it should be; else the system could not read or write it. */
export const isDamage = (error: unknown): boolean => {
  const code = (error as { code?: unknown }).code;
  return typeof code !== 'number' || code < LMDB_ERRORS;
};

/** `lmdb` rejects with an error that holds a promise of what really went wrong. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  if (commitError === undefined) return error;
  return commitError.then(
    () => error,
    (cause: unknown) => cause,
  );
}
