import { afterEach, describe, expect, test } from 'vitest';
import { type FakeReceiver, fakeReceiver, PROBLEM, stored } from './fake-receiver.ts';
import { batchOf, transportTo } from './transporting.ts';

let receiver: FakeReceiver;
afterEach(() => receiver.close());

const never = new AbortController().signal;

describe('HttpTransport', () => {
  test.each([
    ['', '/api/v1/batches'],
    ['/', '/api/v1/batches'],
    ['/truant', '/truant/api/v1/batches'],
    ['/a/b/', '/a/b/api/v1/batches'],
  ])('a base URL ending in %j is appended to', async (prefix, path) => {
    receiver = await fakeReceiver(stored);
    await transportTo(receiver.url + prefix).transport.send(batchOf(1), never);
    expect(receiver.asked.map((asked) => asked.path)).toEqual([path]);
  });

  test.each([301, 401, 403, 404, 405, 413, 415])(
    'with %i the same batch is sent until it is stored, and what is to be put right is said',
    async (status) => {
      receiver = await fakeReceiver((batch, nth) =>
        nth < 4 ? { status, headers: { location: '/x' } } : stored(batch),
      );
      const { transport, lines, pauses, count } = transportTo(receiver.url, {
        pause: async () => void troubles.push(transport.trouble()),
      });
      const troubles: (string | undefined)[] = [];
      expect(await transport.send(batchOf(1, 7), never)).toBe('stored');
      expect(receiver.asked.map(({ batch }) => batch.position)).toEqual([7, 7, 7, 7]);
      expect(pauses).toEqual([]);
      expect(troubles).toEqual(Array.from({ length: 3 }, () => expect.stringContaining(String(status))));
      expect(transport.trouble()).toBeUndefined();
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatchObject({
        level: 'error',
        msg: 'nothing can be delivered until this is put right',
        detail: String(status),
        remedy: expect.any(String),
      });
      expect(await count('received')).toBe(1);
      expect(await count('sent')).toBe(1);
      expect(await count('errors', { error_type: 'unavailable' })).toBe(3);
    },
  );

  test.each([
    { status: 400, reason: 'refused' as const },
    { status: 422, reason: 'refused' as const },
    { status: 413, reason: 'too-large' as const },
  ])('the collector’s own $status ends it, counted', async ({ status, reason }) => {
    receiver = await fakeReceiver(() => ({ status, headers: PROBLEM, body: { detail: 'No.' } }));
    const { transport, count } = transportTo(receiver.url);
    expect(await transport.send(batchOf(3), never)).toEqual({ reason, detail: `${status} No.` });
    expect(receiver.asked).toHaveLength(1);
    expect(transport.trouble()).toBeUndefined();
    expect(await count('received')).toBe(3);
    expect(await count('sent')).toBe(0);
    expect(await count('dropped', { reason })).toBe(3);
    expect(await count('errors', { error_type: reason })).toBe(1);
  });

  test('waits longer and longer, and no longer than half a minute even if asked to', async () => {
    receiver = await fakeReceiver((batch, nth) => {
      if (nth === 12) return { status: 503, headers: { 'retry-after': '3600' } };
      return nth < 12 ? { status: 503 } : stored(batch);
    });
    const { transport, pauses } = transportTo(receiver.url);
    await transport.send(batchOf(1), never);
    expect(pauses).toHaveLength(12);
    for (const [n, ms] of pauses.slice(0, 11).entries()) {
      const most = Math.min(200 * 2 ** n, 30_000);
      expect(ms).toBeGreaterThanOrEqual(most / 2);
      expect(ms).toBeLessThanOrEqual(most);
    }
    expect(pauses[11]).toBe(30_000);
  });

  test('the token is read for each attempt, and one that cannot be read is waited for', async () => {
    receiver = await fakeReceiver(stored);
    const reads = [() => Promise.reject(new Error('ENOENT')), () => Promise.resolve('secret-1')];
    const { transport, lines } = transportTo(receiver.url, { token: () => (reads.shift() ?? reads[0]!)() });
    expect(await transport.send(batchOf(1), never)).toBe('stored');
    expect(receiver.asked.map(({ authorization }) => authorization)).toEqual(['Bearer secret-1']);
    expect(lines[0]).toMatchObject({ level: 'error', detail: expect.stringContaining('ENOENT') });
  });

  test.each(['k3y-one\nk3y-two', 'k3ý', ''])(
    'a token file that does not hold one token is told without it: %j',
    async (token) => {
      receiver = await fakeReceiver(stored);
      const reads = [token, 'right'];
      const { transport, lines } = transportTo(receiver.url, { token: async () => reads.shift() ?? 'right' });
      expect(await transport.send(batchOf(1), never)).toBe('stored');
      expect(receiver.asked.map(({ authorization }) => authorization)).toEqual(['Bearer right']);
      expect(lines[0]).toMatchObject({ level: 'error', remedy: expect.stringContaining('agent.collector.tokenFile') });
      expect(JSON.stringify(lines)).not.toMatch(/k3[yý]/);
    },
  );

  test('where nobody listens it goes on trying until it is stopped', async () => {
    receiver = await fakeReceiver(stored);
    const { url } = receiver;
    await receiver.close();
    const stop = new AbortController();
    let pauses = 0;
    const { transport, count } = transportTo(url, {
      pause: async () => {
        pauses += 1;
        if (pauses === 3) stop.abort();
      },
    });
    expect(await transport.send(batchOf(1), stop.signal)).toBe('stopped');
    expect(transport.trouble()).toContain('ECONNREFUSED');
    expect(await count('errors', { error_type: 'connection' })).toBe(3);
    expect(await count('sent')).toBe(0);
  });
});
