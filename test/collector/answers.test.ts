/** How answers are sent: compressed, and not again to whoever has them still. */
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../collector/server/endpoint.ts';
import { createServer } from '../../collector/server/server.ts';
import { use } from './support/make.ts';
import { batch, plainServer, type Running, runCollector } from './support/running.ts';

let running: Running;
beforeAll(async () => {
  running = await runCollector();
  await running.post(batch(0, [...Array.from({ length: 20 }, (_, n) => use(n)), use(20, { source: '203.0.113.9' })]));
});
afterAll(() => running.stop());

/** As it comes over the wire. */
function raw(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    http
      .get(url, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      })
      .on('error', reject);
  });
}

describe('compression', () => {
  const gzip = { 'accept-encoding': 'gzip, deflate, br' };

  test('is for whoever takes it, and what comes out is the same', async () => {
    const url = `${running.url}/api/v1/history?limit=20`;
    const [packed, plain] = [await raw(url, gzip), await raw(url, {})];
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-control': 'no-store' });
    expect(packed.headers.vary).toContain('accept-encoding');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(packed.body.length).toBeLessThan(plain.body.length / 4);
  });

  test.each([
    ['a short answer', '/healthz'],
    ['a short list', '/api/v1/history?limit=1&cluster=nowhere'],
    ['a refusal', '/api/v1/history?limit=x'],
    ['a page', '/'],
    ['metrics', '/metrics'],
  ])('is not for %s', async (_what, path) => {
    expect((await raw(running.url + path, gzip)).headers['content-encoding']).toBeUndefined();
  });

  test('is not for what holds a secret of a session, nor for what was sent', async () => {
    const answer = { schema: z.strictObject({ text: z.string() }) };
    const about = { summary: 's', query: z.strictObject({}), answer };
    const handle = async () => ({ text: 'x'.repeat(5000) });
    const server = createServer({
      ...plainServer,
      routes: [
        endpoint({ ...about, method: 'GET', url: '/api/v1/me', tag: 'Identity', handle }),
        endpoint({ ...about, method: 'GET', url: '/api/v1/login', tag: 'Identity', access: 'open', handle }),
        endpoint({ ...about, method: 'GET', url: '/open', tag: 'Operations', access: 'open', handle }),
        endpoint({ ...about, method: 'GET', url: '/other', tag: 'Alerts', handle }),
      ],
    });
    await server.component.start();
    const encodings: unknown[] = [];
    for (const path of ['/api/v1/me', '/api/v1/login', '/open', '/other']) {
      encodings.push((await raw(server.address()! + path, gzip)).headers['content-encoding']);
    }
    expect(encodings).toEqual([undefined, undefined, undefined, 'gzip']);
    await server.component.stop();
  });
});

describe('an ETag', () => {
  test.each(['/api/v1/rules', '/api/v1/openapi.json', '/api/v1/alerts/al-JTI=cart'])(
    'of %s says whether it is still the same',
    async (path) => {
      const first = await running.get(path);
      expect(first.status).toBe(200);
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      expect(first.headers.get('vary')).toContain('authorization');
      const tag = first.headers.get('etag')!;
      expect(tag).toMatch(/^W\/"[0-9a-f]{32}"$/);
      for (const header of [tag, `"x", ${tag}`, tag.slice(2)]) {
        const again = await running.get(path, { 'if-none-match': header });
        expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
        expect(again.headers.get('cache-control')).toBe('private, no-cache');
      }
      for (const header of ['"x"', '', 'W/', '*'.repeat(5000)]) {
        const again = await running.get(path, { 'if-none-match': header });
        expect([again.status, await again.json()]).toEqual([200, expect.anything()]);
      }
    },
  );

  test('is another one as soon as the answer is', async () => {
    const path = '/api/v1/alerts/al-JTI=cart';
    const before = (await running.get(path)).headers.get('etag')!;
    await running.post(batch(21, [use(21, { source: '203.0.113.9' })]));
    const after = await running.get(path, { 'if-none-match': before });
    expect([after.status, await after.json()]).toEqual([200, expect.objectContaining({ revision: 2 })]);
  });

  test('is not given to what is of the moment, nor to refusals', async () => {
    for (const path of ['/api/v1/status', '/api/v1/alerts', '/api/v1/fleet', '/api/v1/alerts/nobody']) {
      const { headers } = await running.get(path);
      expect([path, headers.get('etag'), headers.get('cache-control')]).toEqual([path, null, 'no-store']);
    }
  });
});
