/** The embedded store: one DuckDB file, one writer, a few readers. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { TruantError } from '../../../shared/errors.ts';
import type { Micros } from '../../../shared/time.ts';
import { TaskQueue } from '../../task-queue.ts';
import type { AlertOrder, ExceptionsFilter } from '../alert-life.ts';
import { advanced, leftOf } from '../arrivals.ts';
import type { GroupsOptions } from '../history-summaries.ts';
import type { AlertKey, DeadLettersFilter, OutputProgress } from '../outputs.ts';
import type {
  AlertsFilter,
  Arrival,
  Commit,
  Consumed,
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
import { streamsToForget } from '../streams.ts';
import { readAgents, saveHeartbeats } from './agents.ts';
import { readAlertCounts } from './alert-counts.ts';
import {
  readAlert,
  readAlerts,
  readChangedAlerts,
  readCurrentAlerts,
  readLastChange,
  readRelatedAlerts,
  readWholeAlerts,
} from './alert-reading.ts';
import { upsertAlerts } from './alert-writing.ts';
import { readBlindSpots } from './blind-spots.ts';
import { CredentialHours } from './credential-hours.ts';
import { readCredential } from './credential-life.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { countSuppressed, insertActions, readActivity, readExceptions, saveExceptions } from './handling.ts';
import { readHistory, readUses } from './history.ts';
import { inTransaction, migrate } from './migrations.ts';
import {
  countDeadLetters,
  discardDeadLetters,
  readDeadLetters,
  readOpenTold,
  readOutputCursors,
  readTold,
  saveOutput,
} from './outputs.ts';
import { Readers } from './readers.ts';
import { readConsumed, readCounts, readKnown, readRecent, readStreams } from './reading.ts';
import { retain, usedBytes } from './retention.ts';
import { readGroups, readHistogram, readObservation } from './summaries.ts';
import { readTimeline } from './timeline.ts';
import {
  decideEarlier,
  forgetStreams,
  freshOf,
  insertObservations,
  saveConsumed,
  saveStream,
  VERDICTS_TABLE,
} from './writing.ts';

export interface DuckDbStoreOptions extends DatabaseOptions {
  /** The collector's clock at opening. */
  at: Micros;
  /** A question that takes longer is given up. */
  queryTimeoutMs: number;
  /** Default 10,000: far more than agents, and too few for made-up names to fill the memory. */
  maxStreams?: number;
}

/** Of questions. */
const READERS = 2;
const WRITES_WAITING = 1_000;

/** @throws TruantError STORE_LOCKED, STORE_SCHEMA_TOO_NEW, STORE_UNAVAILABLE */
export async function openDuckDbStore(options: DuckDbStoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  const connections: DuckDBConnection[] = [];
  try {
    for (let count = 0; count <= READERS + 1; count += 1) connections.push(await database.connect());
    const [writer, follower, ...readers] = connections as [DuckDBConnection, DuckDBConnection, ...DuckDBConnection[]];
    await migrate(writer, options.at);
    await writer.run(VERDICTS_TABLE);
    return new DuckDbStore(database, { writer, follower, readers }, options);
  } catch (error) {
    for (const connection of connections) connection.closeSync();
    database.close();
    throw error instanceof TruantError ? error : unavailable(error);
  }
}

class DuckDbStore implements Store {
  readonly #database: Database;
  readonly #writer: DuckDBConnection;
  readonly #readers: Readers;
  /** For those who follow alerts as they change: short questions, which long ones are not to hold up. */
  readonly #follower: Readers;
  readonly #maxStreams: number;
  readonly #writing = new TaskQueue({ concurrency: 1, capacity: WRITES_WAITING });
  readonly #outputs = new TaskQueue({ concurrency: 1, capacity: WRITES_WAITING });
  readonly #hours = new CredentialHours();
  /** As stored; undefined when that isn't sure, until they are read again. */
  #streams: Map<string, StreamState> | undefined;
  #failure: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    database: Database,
    {
      writer,
      follower,
      readers,
    }: { writer: DuckDBConnection; follower: DuckDBConnection; readers: DuckDBConnection[] },
    { queryTimeoutMs, maxStreams = 10_000 }: DuckDbStoreOptions,
  ) {
    this.#database = database;
    this.#writer = writer;
    this.#readers = new Readers(readers, queryTimeoutMs);
    this.#follower = new Readers([follower], queryTimeoutMs);
    this.#maxStreams = maxStreams;
  }

  streams(): Promise<StreamState[]> {
    return this.#write(async () => [...(await this.#known()).values()]);
  }

  unseen(arrivals: readonly Arrival[]): Promise<Fresh[]> {
    return this.#write(async () => {
      const streams = await this.#known();
      const candidates = arrivals
        .flatMap(({ records }) => records.flatMap(({ observation }) => observation ?? []))
        .filter(({ kind }) => kind !== 'heartbeat');
      // By id, not by position: an agent that lost its state reads again, under other numbers.
      const known = await readKnown(this.#writer, arrivals[0]?.cluster ?? '', candidates);
      return arrivals.map((arrival) => leftOf(arrival, streams.get(arrival.stream)?.position ?? 0, known));
    });
  }

  commit(commit: Commit): Promise<void> {
    return this.#write(async () => {
      const streams = await this.#known();
      const changes = (commit.fresh ?? []).map((fresh) => {
        const before = streams.get(fresh.stream);
        if (fresh.follows !== (before?.position ?? 0)) {
          throw new TruantError('STORE_UNAVAILABLE', `Stream ${fresh.stream} has moved on since it was looked at.`);
        }
        return { isNew: before === undefined, after: advanced(before, fresh, commit.at) };
      });
      const forgotten = streamsToForget(streams, commit.fresh ?? [], this.#maxStreams);
      try {
        await inTransaction(this.#writer, async () => {
          await insertObservations(this.#writer, commit);
          await this.#hours.tell(this.#writer, freshOf(commit));
          await decideEarlier(this.#writer, commit);
          await upsertAlerts(this.#writer, commit.outcome.alerts, commit.at);
          await saveHeartbeats(this.#writer, commit);
          await insertActions(this.#writer, commit.actions ?? []);
          await saveExceptions(this.#writer, commit.exceptions ?? []);
          await countSuppressed(this.#writer, commit.outcome.suppressed ?? new Map());
          await forgetStreams(this.#writer, forgotten);
          for (const { after, isNew } of changes) await saveStream(this.#writer, after, isNew);
          if (commit.consumed) await saveConsumed(this.#writer, commit.consumed);
        });
      } catch (error) {
        this.#streams = undefined;
        this.#hours.forget();
        throw error;
      }
      for (const stream of forgotten) streams.delete(stream);
      for (const { after } of changes) streams.set(after.stream, after);
    });
  }

  consumed(topic: string): Promise<Consumed[]> {
    return this.#write(() => readConsumed(this.#writer, topic));
  }

  consume(consumed: Consumed): Promise<void> {
    return this.#write(() => inTransaction(this.#writer, () => saveConsumed(this.#writer, consumed)));
  }

  // What is committed next depends on these, and on one exception: they don't wait behind questions, which may take long.
  recent(cluster: string, within: Micros, limit: number) {
    return this.#write(() => readRecent(this.#writer, cluster, within, limit));
  }

  currentAlerts(cluster: string, closedSince: Micros, limit: number) {
    return this.#write(() => readCurrentAlerts(this.#writer, cluster, closedSince, limit));
  }

  wholeAlerts(alerts: readonly { cluster: string; id: string }[]) {
    return this.#follow((connection) => readWholeAlerts(connection, alerts));
  }

  exceptions(filter: ExceptionsFilter, limit: number) {
    if (filter.id !== undefined) return this.#write(() => readExceptions(this.#writer, filter, limit));
    return this.#read((connection) => readExceptions(connection, filter, limit));
  }

  uses(filter: UsesFilter, paging: Paging) {
    return this.#read((connection) => readUses(connection, filter, paging));
  }

  history(filter: HistoryFilter, paging: Paging) {
    return this.#read((connection) => readHistory(connection, filter, paging));
  }

  alerts(filter: AlertsFilter, paging: Paging, order: AlertOrder = 'newest') {
    return this.#read((connection) => readAlerts(connection, filter, paging, order));
  }

  alertCounts(filter: AlertsFilter) {
    return this.#read((connection) => readAlertCounts(connection, filter));
  }

  relatedAlerts(id: string, cluster: string, limit: number) {
    return this.#read((connection) => readRelatedAlerts(connection, id, cluster, limit));
  }

  changedAlerts(after: number, limit: number) {
    return this.#follow((connection) => readChangedAlerts(connection, after, limit));
  }

  lastChange() {
    return this.#follow(readLastChange);
  }

  outputCursors() {
    return this.#follow(readOutputCursors);
  }

  // One at a time among what is written: many outputs are not to hold up what comes in.
  saveOutput(progress: OutputProgress): Promise<void> {
    const save = () => inTransaction(this.#writer, () => saveOutput(this.#writer, progress));
    return this.#outputs.run(() => this.#write(save));
  }

  toldOf(output: string, alerts: readonly AlertKey[]) {
    return this.#follow((connection) => readTold(connection, output, alerts));
  }

  openTold(output: string, limit: number) {
    return this.#follow((connection) => readOpenTold(connection, output, limit));
  }

  deadLetters(filter: DeadLettersFilter, paging: Paging) {
    return this.#read((connection) => readDeadLetters(connection, filter, paging));
  }

  deadLetterCounts() {
    return this.#follow(countDeadLetters);
  }

  discardDeadLetters(filter: DeadLettersFilter & { output: string }): Promise<number> {
    return this.#write(() => discardDeadLetters(this.#writer, filter));
  }

  activity(id: string, cluster: string, limit: number) {
    return this.#read((connection) => readActivity(connection, id, cluster, limit));
  }

  alert(id: string, cluster?: string) {
    return this.#read((connection) => readAlert(connection, id, cluster));
  }

  credential(id: string, cluster?: string) {
    return this.#read((connection) => readCredential(connection, id, cluster));
  }

  histogram(filter: HistoryFilter, buckets: number) {
    return this.#read((connection) => readHistogram(connection, filter, buckets));
  }

  groups(filter: HistoryFilter, options: GroupsOptions) {
    return this.#read((connection) => readGroups(connection, filter, options));
  }

  observation(id: string, cluster?: string, near?: Micros) {
    return this.#read((connection) => readObservation(connection, id, cluster, near));
  }

  timeline(id: string, cluster?: string) {
    return this.#read((connection) => readTimeline(connection, id, cluster));
  }

  blindSpots(now: Micros) {
    return this.#read((connection) => readBlindSpots(connection, now));
  }

  agents() {
    return this.#read(readAgents);
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
    await Promise.all([this.#writing.close(), this.#readers.close(), this.#follower.close()]);
    this.#writer.closeSync();
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
    return this.#explained(() => this.#readers.ask(work));
  }

  #follow<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#explained(() => this.#follower.ask(work));
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TruantError) throw error;
      // After such an error DuckDB refuses everything until the file is opened anew, which takes a restart.
      if (/FATAL|has been invalidated/.test(String(error)))
        this.#failure = 'The store has failed and must be opened anew.';
      throw unavailable(error);
    }
  }
}

function unavailable(error: unknown): TruantError {
  return new TruantError('STORE_UNAVAILABLE', "The store can't do that at the moment.", { cause: error });
}
