import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { type Listening, listening } from '../support/listening.ts';
import { truant } from './harness.ts';

let folder: string;
let caFile: string;
let collector: Listening;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  const authority = new Authority();
  folder = await mkdtemp(path.join(tmpdir(), 'truant-cli-'));
  caFile = path.join(folder, 'ca.pem');
  await writeFile(caFile, authority.pem);
  collector = await listening(
    (request, response) => {
      asked.push(request.url);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ items: [], next: null }));
    },
    authority.issue({ ip: ['127.0.0.1'] }),
  );
});
afterAll(async () => {
  await collector.close();
  await rm(folder, { recursive: true });
});

test.each(['history', 'alerts'])('truant %s asks a collector that an own CA has signed for', async (command) => {
  asked.length = 0;
  const env = { TRUANT_URL: collector.url };
  expect(await truant([command, '--ca-file', caFile], { env })).toMatchObject({ code: 0 });
  expect(await truant([command], { env: { ...env, TRUANT_CA: caFile } })).toMatchObject({ code: 0 });
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.join()).not.toContain('ca.pem');
});

test('says what to name where nobody that is trusted has signed, and sends nothing', async () => {
  asked.length = 0;
  const { code, stderr } = await truant(['history', '--url', collector.url], { env: { TRUANT_TOKEN: 'a-secret' } });
  expect(code).toBe(4);
  expect(stderr).toContain('--ca-file or TRUANT_CA');
  expect(asked).toEqual([]);
});

test('says which file it can not read', async () => {
  const { code, stderr } = await truant(['history', '--url', collector.url, '--ca-file', '/nowhere/ca.pem']);
  expect(code).toBe(3);
  expect(stderr).toContain('/nowhere/ca.pem');
});

test('shows a token to nobody on the way', async () => {
  const env = { TRUANT_TOKEN: 'a-secret', TRUANT_URL: 'http://192.0.2.1:7117' };
  const { code, stderr } = await truant(['alerts'], { env });
  expect(code).toBe(2);
  expect(stderr).toContain('would show the token to the network');
  expect(stderr).not.toContain('a-secret');
});
