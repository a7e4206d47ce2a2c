import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCollector } from './support/running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('an administrator sees the newest of what was set aside, scrubbed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'truant-letters-'));
  const running = await runCollector({
    store: { path: path.join(folder, 'truant.duckdb') },
    auth: { mode: 'token', adminTokenHashes: [hash('admin')], agentTokenHashes: [hash('agent')] },
  });
  const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${'p'.repeat(60)}.${'s'.repeat(60)}`;
  const raw = `first\nsecond ${token}\nthird\n`;
  expect((await running.post([], { raw, headers: bearer('agent') })).status).toBe(200);
  const seen = await running.get('/api/v1/dead-letters?limit=2', bearer('admin'));
  expect(await seen.json()).toEqual({
    items: [
      { time: expect.any(String), reason: 'not-json', line: 'third' },
      { time: expect.any(String), reason: 'not-json', line: 'second [scrubbed]' },
    ],
    next: null,
  });
  const wrong = await running.get('/api/v1/dead-letters?limit=0&x=1', bearer('admin'));
  expect(await wrong.json()).toMatchObject({ status: 400, parameters: [{ name: 'limit' }, { name: 'x' }] });
  await running.stop();
  await rm(folder, { recursive: true });
});

test('with a store in memory there are none to see', async () => {
  const running = await runCollector();
  await running.post([], { raw: 'odd\n' });
  expect(await running.json('/api/v1/dead-letters')).toEqual({ items: [], next: null });
  await running.stop();
});
