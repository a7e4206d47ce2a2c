/** One DuckDB file, opened by nobody else, that can read and write nothing but itself. */
import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { TruantError } from '../../../shared/errors.ts';

export interface DatabaseOptions {
  /** The file, made if it isn't there; `:memory:` keeps everything in memory. */
  path: string;
  memoryMegabytes: number;
  threads: number;
}

export interface Database {
  connect(): Promise<DuckDBConnection>;
  /** Bytes of the file and of its write-ahead log on disk; 0 in memory. */
  bytes(): Promise<{ file: number; log: number }>;
  /** Close every connection first. */
  close(): void;
}

const IN_MEMORY = ':memory:';

/**
 * DuckDB's lock is of the POSIX kind: it keeps other processes out, not this one; and closing any second handle on the
 * file would drop it. So a second opening in the same process is refused here, before it touches the file.
 */
const opened = new Set<string>();

/** @throws TruantError STORE_LOCKED, STORE_SCHEMA_TOO_NEW, STORE_UNAVAILABLE */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const file = options.path === IN_MEMORY ? undefined : await prepare(options.path);
  if (file !== undefined) {
    if (opened.has(file)) throw locked(options.path, 'this process');
    opened.add(file);
  }
  try {
    const instance = await DuckDBInstance.create(file ?? IN_MEMORY, settings(options));
    // DuckDB makes it readable for everybody. Who does not own it can't change that; its owner has decided.
    if (file !== undefined) await chmod(file, 0o600).catch(() => undefined);
    return {
      connect: () => instance.connect(),
      bytes: async () => ({ file: await bytesOf(file), log: await bytesOf(file && `${file}.wal`) }),
      close: () => {
        instance.closeSync();
        if (file !== undefined) opened.delete(file);
      },
    };
  } catch (error) {
    if (file !== undefined) opened.delete(file);
    throw explain(error, options.path);
  }
}

function settings(options: DatabaseOptions): Record<string, string> {
  return {
    memory_limit: `${options.memoryMegabytes}MB`,
    threads: String(options.threads),
    // Where a question that needs more memory is worked out: next to the file, and not until the disk is full.
    max_temp_directory_size: '2GB',
    // Strings compress much better than in the format that DuckDB writes by default.
    storage_compatibility_version: 'v1.5.0',
    // A checkpoint rewrites the last, unfilled row group: not after every 16 MB.
    checkpoint_threshold: '64MB',
    // A page's rows are fetched once their keys are known; for pages of any size that is asked for.
    late_materialization_max_rows: '2000',
    // Whatever got into a statement could read no other file and load no code.
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    lock_configuration: 'true',
  };
}

/** Makes the folder (for the owner alone: the history is nobody else's business) and resolves links in its path. */
async function prepare(file: string): Promise<string> {
  const folder = path.dirname(path.resolve(file));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return path.join(await realpath(folder), path.basename(file));
  } catch (error) {
    throw new TruantError('STORE_UNAVAILABLE', `The folder of the store can't be made: ${folder}`, {
      cause: error,
      remedy: 'Name another path in collector.store.path, or make the folder writable.',
    });
  }
}

async function bytesOf(file: string | undefined): Promise<number> {
  if (file === undefined) return 0;
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

function explain(error: unknown, file: string): TruantError {
  const message = error instanceof Error ? error.message : String(error);
  if (/could not set lock/i.test(message)) {
    const holder = /\(PID (\d+)\)/.exec(message)?.[1];
    return locked(file, holder === undefined ? 'another process' : `another process (pid ${holder})`, error);
  }
  if (/newer (?:version|duckdb)|version number/i.test(message)) {
    return new TruantError('STORE_SCHEMA_TOO_NEW', `The store ${file} was written by a later DuckDB.`, {
      cause: error,
      remedy: 'Run the release that wrote it, or a later one; or name another path in collector.store.path.',
    });
  }
  return new TruantError('STORE_UNAVAILABLE', `The store ${file} can't be opened: ${message}`, {
    cause: error,
    remedy: 'If it is damaged, move it away or restore it from a backup; without it a new one is made.',
  });
}

function locked(file: string, holder: string, cause?: unknown): TruantError {
  return new TruantError('STORE_LOCKED', `The store ${file} is in use by ${holder}.`, {
    cause,
    remedy: 'Stop that collector first, or give this one a path of its own in collector.store.path.',
  });
}
