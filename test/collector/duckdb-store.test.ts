import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAgents, saveHeartbeats } from '../../collector/store/duckdb/agents.ts';
import { openDatabase } from '../../collector/store/duckdb/database.ts';
import { openDuckDbStore } from '../../collector/store/duckdb/duckdb-store.ts';
import { MIGRATIONS, migrate } from '../../collector/store/duckdb/migrations.ts';
import { COLUMNS } from '../../collector/store/duckdb/row.ts';
import { HOUR, SECOND } from '../../shared/time.ts';
import { alertLifeContract } from './alert-life-contract.ts';
import { historyContract } from './history-contract.ts';
import { outputsContract } from './outputs-contract.ts';
import { storeContract } from './store-contract.ts';
import { alert, heartbeat, outcome, START, send, use } from './support/make.ts';

const options = { memoryMegabytes: 256, threads: 1, queryTimeoutMs: 10_000, at: START };
const newFolder = () => mkdtemp(path.join(tmpdir(), 'truant-store-'));

async function openAnew() {
  const folder = await newFolder();
  const open = () => openDuckDbStore({ ...options, path: path.join(folder, 'truant.db') });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

storeContract('DuckDB', openAnew);
alertLifeContract('DuckDB', openAnew);
historyContract('DuckDB', openAnew);
outputsContract('DuckDB', openAnew);

describe('opening a DuckDB store', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await newFolder();
    file = path.join(folder, 'deeper', 'truant.db');
  });

  afterEach(() => rm(folder, { recursive: true }));

  test('a second time in the same process is refused, and leaves the first alone', async () => {
    const store = await openDuckDbStore({ ...options, path: file });
    const again = openDuckDbStore({ ...options, path: path.join(folder, 'deeper', '..', 'deeper', 'truant.db') });
    await expect(again).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining('this process'),
    });
    await send(store, 0, [use(0)]);
    await store.close();
    await (await openDuckDbStore({ ...options, path: file })).close();
  });

  test('makes a file for its owner alone, and makes one so that was not', async () => {
    for (const before of [undefined, 0o644]) {
      if (before !== undefined) await chmod(file, before);
      await (await openDuckDbStore({ ...options, path: file })).close();
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
  });

  test('a store from a later release is refused and left as it is', async () => {
    const database = await openDatabase({ ...options, path: file });
    const connection = await database.connect();
    await migrate(connection, START);
    await connection.run('INSERT INTO schema_version VALUES (99, 0)');
    connection.closeSync();
    database.close();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(openDuckDbStore({ ...options, path: file })).rejects.toMatchObject({
        code: 'STORE_SCHEMA_TOO_NEW',
        message: expect.stringContaining('schema version 99'),
      });
    }
  });

  test('for a new stream the one that was silent longest is forgotten, and what it brings again is still known', async () => {
    const store = await openDuckDbStore({ ...options, path: file, maxStreams: 2 });
    const of = (name: string, n: number) => ({ stream: `demo/${name}/s`, at: START + n * SECOND });
    const known = async () => (await store.streams()).map(({ stream, position }) => [stream, position]);
    await send(store, 0, [use(0)], undefined, of('a', 0));
    await send(store, 0, [use(1)], undefined, of('b', 1));
    await send(store, 0, [use(2)], undefined, of('c', 2));
    expect(await known()).toEqual([
      ['demo/b/s', 1],
      ['demo/c/s', 1],
    ]);
    expect(await send(store, 0, [use(0), use(3)], undefined, of('a', 3))).toMatchObject({ duplicates: 1 });
    await store.close();
    const again = await openDuckDbStore({ ...options, path: file, maxStreams: 2 });
    expect((await again.streams()).map(({ stream }) => stream)).toEqual(['demo/a/s', 'demo/c/s']);
    await again.close();
  });

  test('closing it does not wait for questions whose turn has not come', async () => {
    const store = await openDuckDbStore({ ...options, path: file });
    await send(store, 0, [use(0)]);
    const questions = Promise.allSettled(Array.from({ length: 60 }, () => store.history({}, { limit: 1 })));
    await store.close();
    const refused = (await questions).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(58);
    expect(refused[0]).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } });
  });

  test('a file that is no store is refused', async () => {
    const other = path.join(folder, 'notes.txt');
    await writeFile(other, 'x'.repeat(20_000));
    await expect(openDuckDbStore({ ...options, path: other })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a folder that cannot be made is refused', async () => {
    await writeFile(path.join(folder, 'deeper'), '');
    await expect(openDuckDbStore({ ...options, path: file })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('the database', () => {
  async function withDatabase(work: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<void>) {
    const database = await openDatabase({ ...options, path: ':memory:' });
    await work(database);
    database.close();
  }

  test('reads and writes no other file, loads no extension, and cannot be talked into it', async () => {
    await withDatabase(async (database) => {
      const connection = await database.connect();
      for (const sql of [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/truant-copied.csv'",
        "ATTACH '/tmp/truant-attached.db'",
        'INSTALL httpfs',
        'LOAD httpfs',
        'SET enable_external_access = true',
        "SET memory_limit = '64GB'",
      ]) {
        await expect(connection.run(sql), sql).rejects.toThrow(/disabled|locked|Cannot/);
      }
      connection.closeSync();
    });
  });

  test('has the columns that rows are written to, in that order', async () => {
    await withDatabase(async (database) => {
      const connection = await database.connect();
      await migrate(connection, START);
      const result = await connection.runAndReadAll('DESCRIBE observations');
      expect(result.getRows().map(([name]) => name)).toEqual(Object.keys(COLUMNS));
      connection.closeSync();
    });
  });

  test('tells of agents only as much as there is memory for, and leaves out those that say most', async () => {
    await withDatabase(async (database) => {
      const connection = await database.connect();
      await migrate(connection, START);
      const parts = Array.from({ length: 32 }, () => ({ name: 'x', state: 'running', detail: 'x'.repeat(512) }));
      const put = (name: string, count: number, said: object) =>
        connection.run(
          `INSERT INTO agents SELECT 'demo', '${name}-' || i, 's', ${START}, ${START}, '${JSON.stringify(said)}'
           FROM range(${count}) r(i)`,
        );
      await put('a-loud', 5000, heartbeat(0, { parts }));
      await put('quiet', 100, heartbeat(0));
      const agents = (await readAgents(connection)).map(({ agent }) => agent);
      expect(agents.filter((agent) => agent.startsWith('quiet'))).toHaveLength(100);
      expect(agents.length).toBeLessThan(2500);
      connection.closeSync();
    });
  });

  test('knows so many agents, those heard of last', async () => {
    await withDatabase(async (database) => {
      const connection = await database.connect();
      await migrate(connection, START);
      const body = JSON.stringify(heartbeat(0)).replaceAll("'", "''");
      await connection.run(
        `INSERT INTO agents SELECT 'demo', 'made-up-' || i, 's', ${START} + i, ${START}, '${body}' FROM range(10000) r(i)`,
      );
      const fresh = { cluster: 'demo', agent: 'node-a', stream: 's', follows: 0, position: 1, rejected: 0 };
      const rest = { observations: [heartbeat(1)], duplicates: 0, missing: 0 };
      await saveHeartbeats(connection, {
        cluster: 'demo',
        at: START + HOUR,
        outcome: outcome(),
        fresh: [{ ...fresh, ...rest }],
      });
      const agents = (await readAgents(connection)).map(({ agent }) => agent);
      expect(agents).toHaveLength(10_000);
      expect(agents).toContain('node-a');
      expect(agents).not.toContain('made-up-0');
      connection.closeSync();
    });
  });

  test('of an earlier release has its alerts found as those of this one', async () => {
    const folder = await newFolder();
    const file = path.join(folder, 'truant.db');
    const database = await openDatabase({ ...options, path: file });
    const connection = await database.connect();
    await migrate(connection, START, MIGRATIONS.slice(0, 2));
    const old = [
      alert('a1', { confidence: 'low', binding: { node: { name: 'node-a' } } }),
      alert('a2', { confidence: 'high', sources: [] }),
      // DuckDB takes it for no JSON.
      alert('a3', { confidence: 'high', title: 'half \ud800' }),
    ];
    for (const [n, one] of old.entries()) {
      const { story: _story, ...summary } = one;
      await connection.run(
        `INSERT INTO alerts VALUES ('demo', $1, 1, 'open', 4, 'p', NULL, [], ['token-recon'], 0, 0, 0, $2, $3, $4)`,
        [one.id, n, JSON.stringify(summary), JSON.stringify(one)],
      );
    }
    connection.closeSync();
    database.close();
    const store = await openDuckDbStore({ ...options, path: file });
    const ids = async (filter: object, order?: 'worst') =>
      (await store.alerts(filter, { limit: 9 }, order)).items.map(({ id }) => id);
    expect(await ids({}, 'worst')).toEqual(['a2', 'a3', 'a1']);
    expect(await ids({ source: '203.0.113.9' })).toEqual(['a1']);
    expect(await ids({ text: 'USED from node-A' })).toEqual(['a1']);
    expect(await ids({ text: 'a3 recon' })).toEqual(['a3']);
    expect((await store.changedAlerts(0, 9)).map(({ change, alert: { id } }) => [change, id])).toEqual([
      [1, 'a1'],
      [2, 'a2'],
      [3, 'a3'],
    ]);
    await store.commit({ cluster: 'demo', at: START, outcome: outcome([], [alert('a3', { revision: 2 })]) });
    expect(await ids({ source: '203.0.113.9' })).toEqual(['a3', 'a1']);
    expect(await store.lastChange()).toBe(4);
    await store.close();
    await rm(folder, { recursive: true });
  });

  test('is migrated one step at a time, each once, and a step that fails leaves no trace', async () => {
    await withDatabase(async (database) => {
      const connection = await database.connect();
      const versions = async () =>
        (await connection.runAndReadAll('SELECT version FROM schema_version ORDER BY 1'))
          .getRows()
          .map(([v]) => Number(v));
      await migrate(connection, START, ['CREATE TABLE a (x INT)']);
      await migrate(connection, START, ['CREATE TABLE a (x INT)', 'CREATE TABLE b (x INT)']);
      expect(await versions()).toEqual([1, 2]);
      const broken = ['', '', 'CREATE TABLE c (x INT); INSERT INTO nowhere VALUES (1)'];
      await expect(migrate(connection, START, broken)).rejects.toThrow(/nowhere/);
      expect(await versions()).toEqual([1, 2]);
      await expect(connection.run('SELECT * FROM c')).rejects.toThrow(/does not exist/);
      connection.closeSync();
    });
  });
});
