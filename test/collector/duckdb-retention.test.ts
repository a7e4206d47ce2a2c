/** What only a store of many rows shows: that the file is bounded, and that deleted rows give their space back. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { upsertAlerts } from '../../collector/store/duckdb/alert-writing.ts';
import { type Database, openDatabase } from '../../collector/store/duckdb/database.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import { migrate } from '../../collector/store/duckdb/migrations.ts';
import { retain, usedBytes } from '../../collector/store/duckdb/retention.ts';
import type { Store } from '../../collector/store/store.ts';
import { DAY, formatTime, SECOND } from '../../shared/time.ts';
import { alert, START } from './support/make.ts';

describe('the size of the file', () => {
  let folder: string;
  let database: Database;
  let connection: DuckDBConnection;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'truant-size-'));
    database = await openDatabase({ path: path.join(folder, 'truant.db'), memoryMegabytes: 512, threads: 2 });
    connection = await database.connect();
    await migrate(connection, START);
  });

  afterEach(async () => {
    connection.closeSync();
    database.close();
    await rm(folder, { recursive: true });
  });

  const count = async () =>
    Number((await connection.runAndReadAll('SELECT count(*) FROM observations')).getRows()[0]?.[0]);
  const fill = (from: number, rows: number) =>
    connection.run(
      `INSERT INTO observations (cluster, kind, id, time, uri, code)
       SELECT 'demo', 'use', uuid(), ${START} + i, md5(i::VARCHAR) || md5((i * 7)::VARCHAR), 200
       FROM range(${from}, ${from + rows}) r(i)`,
    );

  test('stays within the limit however much comes in, and the newest rows are those that stay', async () => {
    const maxBytes = 10e6;
    const keep = { now: START, maxAge: DAY, maxBytes };
    let largest = 0;
    for (let round = 0; round < 8; round += 1) {
      await fill(round * 125_000, 125_000);
      const { observations: removed } = await retain(connection, database, keep);
      expect(removed % 122_880).toBe(0);
      expect(await usedBytes(connection, database)).toBeLessThanOrEqual(maxBytes);
      const { file, log } = await database.bytes();
      largest = Math.max(largest, file + log);
    }
    const rows = await count();
    expect(rows).toBeGreaterThan(50_000);
    expect(rows).toBeLessThan(300_000);
    const [oldest] = (await connection.runAndReadAll('SELECT min(time) FROM observations')).getRows();
    expect(Number(oldest?.[0])).toBe(START + 1_000_000 - rows);
    // Without retention it would be twice as much by now, and go on growing.
    expect(largest).toBeLessThan(2.6 * maxBytes);
  });

  /** A question for which each row has to be looked at. */
  const everything = (store: Store) => store.groups({}, { by: 'credential', order: 'count', limit: 1 });

  test('a question that takes too long is given up, and the next one is answered', async () => {
    await fill(0, 400_000);
    connection.closeSync();
    database.close();
    const options = { path: path.join(folder, 'truant.db'), memoryMegabytes: 512, threads: 1, at: START };
    const store = await openDuckDbStore({ ...options, queryTimeoutMs: 1 });
    // On a busy machine an answer may be there before anybody looks at the time.
    const asked = () => everything(store).catch((error: unknown) => error);
    await vi.waitFor(async () => expect(await asked()).toMatchObject({ code: 'OVERLOADED' }), 20_000);
    await store.close();
    const patient = await openDuckDbStore({ ...options, queryTimeoutMs: 30_000 });
    expect((await everything(patient)).total).toBeGreaterThan(0);
    await patient.close();
    database = await openDatabase(options);
    connection = await database.connect();
  });

  test('many alerts do not push out the history: the closed go first, then those that were quiet longest', async () => {
    await fill(0, 10_000);
    const names = Array.from({ length: 400 }, (_, i) => `a${String(i).padStart(3, '0')}`);
    const large = names.map((name, i) =>
      alert(name, {
        status: i >= 380 ? 'closed' : 'open',
        // Nothing that could be compressed away.
        story: [{ time: START, sentence: randomBytes(30_000).toString('base64') }],
        updatedAt: formatTime(START + i * SECOND),
      }),
    );
    await upsertAlerts(connection, large, START);
    // It was told of the first ten.
    await connection.run("INSERT INTO output_cursors VALUES ('siem', 10, NULL), ('off', 0, NULL)");
    const maxBytes = 12e6;
    const gone = await retain(connection, database, { now: START, maxAge: DAY, maxBytes, awaitedBy: ['siem'] });
    expect(await usedBytes(connection, database)).toBeLessThanOrEqual(maxBytes);
    expect(await count()).toBe(10_000);
    const kept = (await connection.runAndReadAll('SELECT id FROM alerts ORDER BY id')).getRows().map(([id]) => id);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept).toEqual(names.slice(380 - kept.length, 380));
    expect(gone).toEqual({ observations: 0, alerts: 400 - kept.length, untold: 390 - kept.length });
    expect(await retain(connection, database, { now: START, maxAge: DAY, maxBytes })).toEqual({
      observations: 0,
      alerts: 0,
      untold: 0,
    });
    // What comes next finds the table as it was.
    await upsertAlerts(connection, [alert('a379', { revision: 2 }), alert('new')], START);
  });

  test('a hundred revisions of one large alert take the space of a few', async () => {
    for (let revision = 1; revision <= 120; revision += 1) {
      const story = [{ time: START, sentence: `${revision} `.repeat(60_000) }];
      await upsertAlerts(
        connection,
        [alert('a1', { revision, story, updatedAt: formatTime(START + revision) })],
        START,
      );
    }
    await connection.run('CHECKPOINT');
    const { file, log } = await database.bytes();
    expect(await usedBytes(connection, database)).toBeLessThan(3e6);
    expect(file + log).toBeLessThan(60e6);
  });
});
