/** What must be in the store once everything of a log has been delivered. */
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import type { MadeLog, Told } from './made-log.ts';

/** Compares the store with the log it came from, request by request; the collector must have been stopped. */
export async function expectExactly(store: string, log: MadeLog): Promise<void> {
  const instance = await DuckDBInstance.create(store, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  try {
    const counts = await rows(
      `SELECT kind, count(*)::INTEGER AS count, count(DISTINCT id)::INTEGER AS ids FROM history WHERE kind <> 'status' GROUP BY kind`,
    );
    expect(counts).toEqual([{ kind: 'use', count: log.total, ids: log.total }]);

    const uses = new Map<string, Told>();
    const columns = 'audit_id, time, time_text, principal, credential, source, verb, uri';
    for (const row of await rows(`SELECT ${columns} FROM history WHERE kind = 'use'`)) {
      const { audit_id: auditID, time, time_text, ...rest } = row;
      expect(time_text).toBeNull();
      const text = new Date(Number(time) / 1000)
        .toISOString()
        .replace('Z', String(Number(time) % 1000).padStart(3, '0'));
      uses.set(auditID as string, { time: `${text}Z`, ...rest } as unknown as Told);
    }
    const wrong: unknown[] = [];
    for (let n = 0; n < log.total; n += 1) {
      const [told, stored] = [log.told(n), uses.get(log.auditID(n))];
      const isSame = stored && Object.entries(told).every(([name, value]) => stored[name as keyof Told] === value);
      if (!isSame) wrong.push({ n, told, stored });
    }
    expect(wrong.slice(0, 5)).toEqual([]);

    const missing = await rows(
      'SELECT stream, missing::INTEGER AS missing, rejected::INTEGER AS rejected FROM streams',
    );
    expect(missing).toEqual(missing.map(({ stream }) => ({ stream, missing: 0, rejected: 0 })));
    expect(await rows(`SELECT detail FROM history WHERE kind = 'status' AND detail LIKE '%"gap"%'`)).toEqual([]);

    const alerts = await rows(
      'SELECT credential, count(*)::INTEGER AS count FROM alerts GROUP BY credential ORDER BY 1',
    );
    expect(alerts).toEqual(log.stolen.map((credential) => ({ credential, count: 1 })));
    const evidence = await rows('SELECT body FROM alerts');
    for (const { body } of evidence) {
      const { counts: told } = JSON.parse(body as string) as { counts: { observations: number } };
      expect(told.observations).toBe(1);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
