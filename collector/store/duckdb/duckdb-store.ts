/** The embedded store: one DuckDB file, one writer, a few readers. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TruantError } from '../../../shared/errors.ts';
import type { Micros } from '../../../shared/time.ts';
import { TaskQueue } from '../../task-queue.ts';
import type {
  AlertsFilter,
  Arrival,
  Commit,
  Fresh,
  HistoryFilter,
  LetGo,
  Paging,
  Retention,
  Store,
  StoreSize,
  StreamState,
  UsesFilter,
} from '../store.ts';
import { readBlindSpots } from './blind-spots.ts';
import { readCredential } from './credential-life.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { inTransaction, migrate } from './migrations.ts';
import {
  readAlert,
  readAlerts,
  readCounts,
  readHistory,
  readKnown,
  readOpenAlerts,
  readRecent,
  readStreams,
  readUses,
} from './reading.ts';
import { retain, usedBytes } from './retention.ts';
import { decideEarlier, insertObservations, saveStream, upsertAlerts, VERDICTS_TABLE } from './writing.ts';

export interface DuckDbStoreOptions extends DatabaseOptions {
  /** The collector's clock at opening. */
  at: Micros;
  /** A question that takes longer is given up. */
  queryTimeoutMs: number;
  /** Default 10,000: far more than agents, and too few for made-up names to fill the memory. */
  maxStreams?: number;
}

const READERS = 2;
const READS_WAITING = 64;
const WRITES_WAITING = 1_000;

/** @throws TruantError STORE_LOCKED, STORE_SCHEMA_TOO_NEW, STORE_UNAVAILABLE */
export async function openDuckDbStore(options: DuckDbStoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  const connections: DuckDBConnection[] = [];
  try {
    for (let count = 0; count <= READERS; count += 1) connections.push(await database.connect());
    const [writer, ...readers] = connections as [DuckDBConnection, ...DuckDBConnection[]];
    await migrate(writer, options.at);
    await writer.run(VERDICTS_TABLE);
    return new DuckDbStore(database, writer, readers, options);
  } catch (error) {
    for (const connection of connections) connection.closeSync();
    database.close();
    throw error instanceof TruantError ? error : unavailable(error);
  }
}

class DuckDbStore implements Store {
  readonly #database: Database;
  readonly #writer: DuckDBConnection;
  readonly #readers: DuckDBConnection[];
  readonly #queryTimeoutMs: number;
  readonly #maxStreams: number;
  readonly #writing = new TaskQueue({ concurrency: 1, capacity: WRITES_WAITING });
  readonly #reading = new TaskQueue({ concurrency: READERS, capacity: READS_WAITING });
  /** As stored; undefined when that isn't sure, until they are read again. */
  #streams: Map<string, StreamState> | undefined;
  #failure: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    database: Database,
    writer: DuckDBConnection,
    readers: DuckDBConnection[],
    { queryTimeoutMs, maxStreams = 10_000 }: DuckDbStoreOptions,
  ) {
    this.#database = database;
    this.#writer = writer;
    this.#readers = readers;
    this.#queryTimeoutMs = queryTimeoutMs;
    this.#maxStreams = maxStreams;
  }

  streams(): Promise<StreamState[]> {
    return this.#write(async () => [...(await this.#known()).values()]);
  }

  unseen(arrival: Arrival): Promise<Fresh> {
    return this.#write(async () => {
      const { cluster, agent, stream, observations } = arrival;
      const streams = await this.#known();
      if (!streams.has(stream) && streams.size >= this.#maxStreams) {
        throw new TruantError('OVERLOADED', `The store has ${this.#maxStreams} streams and takes no new one.`);
      }
      const follows = streams.get(stream)?.position ?? 0;
      const accepted = observations.filter((observation) => observation !== null);
      // By id, not by position: an agent that was killed reads again, and numbers in another order what it held back.
      const known = await readKnown(this.#writer, cluster, accepted);
      const fresh: Fresh['observations'] = [];
      let rejected = 0;
      for (const [at, observation] of observations.entries()) {
        const isAgain = arrival.position + at < follows;
        if (observation === null) {
          if (!isAgain) rejected += 1;
          // A source may say the same of itself twice at the same time.
        } else if (!known.has(observation.id) || (observation.kind === 'status' && !isAgain)) {
          known.add(observation.id);
          fresh.push(observation);
        }
      }
      return {
        cluster,
        agent,
        stream,
        follows,
        position: Math.max(follows, arrival.position + observations.length),
        observations: fresh,
        rejected,
        duplicates: observations.length - fresh.length - rejected,
        missing: Math.max(0, arrival.position - follows),
      };
    });
  }

  commit(commit: Commit): Promise<void> {
    return this.#write(async () => {
      const streams = await this.#known();
      const before = commit.fresh && streams.get(commit.fresh.stream);
      if (commit.fresh && commit.fresh.follows !== (before?.position ?? 0)) {
        throw new TruantError(
          'STORE_UNAVAILABLE',
          `Stream ${commit.fresh.stream} has moved on since it was looked at.`,
        );
      }
      const after = commit.fresh && advanced(before, commit.fresh, commit.at);
      try {
        await inTransaction(this.#writer, async () => {
          await insertObservations(this.#writer, commit);
          await decideEarlier(this.#writer, commit);
          await upsertAlerts(this.#writer, commit.outcome.alerts, commit.at);
          if (after) await saveStream(this.#writer, after, before === undefined);
        });
      } catch (error) {
        this.#streams = undefined;
        throw error;
      }
      if (after) streams.set(after.stream, after);
    });
  }

  recent(cluster: string, within: Micros, limit: number) {
    return this.#read((connection) => readRecent(connection, cluster, within, limit));
  }

  openAlerts(cluster: string, limit: number) {
    return this.#read((connection) => readOpenAlerts(connection, cluster, limit));
  }

  uses(filter: UsesFilter, paging: Paging) {
    return this.#read((connection) => readUses(connection, filter, paging));
  }

  history(filter: HistoryFilter, paging: Paging) {
    return this.#read((connection) => readHistory(connection, filter, paging));
  }

  alerts(filter: AlertsFilter, paging: Paging) {
    return this.#read((connection) => readAlerts(connection, filter, paging));
  }

  alert(id: string, cluster?: string) {
    return this.#read((connection) => readAlert(connection, id, cluster));
  }

  credential(id: string, cluster?: string) {
    return this.#read((connection) => readCredential(connection, id, cluster));
  }

  blindSpots(now: Micros) {
    return this.#read((connection) => readBlindSpots(connection, now));
  }

  size(): Promise<StoreSize> {
    return this.#read(async (connection) => {
      const { file, log } = await this.#database.bytes();
      return {
        ...(await readCounts(connection)),
        bytes: await usedBytes(connection, this.#database),
        fileBytes: file + log,
      };
    });
  }

  retain(retention: Retention): Promise<LetGo> {
    return this.#write(() => retain(this.#writer, this.#database, retention));
  }

  failure(): string | undefined {
    return this.#failure;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.#writing.close(), this.#reading.close()]);
    for (const connection of [this.#writer, ...this.#readers.splice(0)]) connection.closeSync();
    this.#database.close();
  }

  async #known(): Promise<Map<string, StreamState>> {
    this.#streams ??= new Map((await readStreams(this.#writer)).map((state) => [state.stream, state]));
    return this.#streams;
  }

  #write<T>(work: () => Promise<T>): Promise<T> {
    return this.#writing.run(() => this.#explained(work));
  }

  #read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#reading.run(async () => {
      const connection = this.#readers.pop() as DuckDBConnection;
      const late = new AbortController();
      // Again and again: what is interrupted is one statement, and a question may take several.
      const timer = setInterval(() => {
        late.abort();
        connection.interrupt();
      }, this.#queryTimeoutMs);
      try {
        return await this.#explained(() => work(connection), late.signal);
      } finally {
        clearInterval(timer);
        this.#readers.push(connection);
      }
    });
  }

  async #explained<T>(work: () => Promise<T>, late?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TruantError) throw error;
      if (late?.aborted) {
        throw new TruantError('OVERLOADED', 'The question took too long and was given up.', {
          cause: error,
          remedy: 'Ask for a shorter time (since, until).',
        });
      }
      // After such an error DuckDB refuses everything until the file is opened anew, which takes a restart.
      if (/FATAL|has been invalidated/.test(String(error)))
        this.#failure = 'The store has failed and must be opened anew.';
      throw unavailable(error);
    }
  }
}

function advanced(before: StreamState | undefined, fresh: Fresh, at: Micros): StreamState {
  const times = fresh.observations.map(({ time }) => time);
  return {
    stream: fresh.stream,
    cluster: fresh.cluster,
    agent: fresh.agent,
    position: fresh.position,
    accepted: (before?.accepted ?? 0) + fresh.observations.length,
    rejected: (before?.rejected ?? 0) + fresh.rejected,
    missing: (before?.missing ?? 0) + fresh.missing,
    firstSeen: before?.firstSeen ?? at,
    lastSeen: at,
    newest: times.reduce<number | null>((most, time) => Math.max(most ?? 0, time), before?.newest ?? null),
  };
}

function unavailable(error: unknown): TruantError {
  return new TruantError('STORE_UNAVAILABLE', "The store can't do that at the moment.", { cause: error });
}
