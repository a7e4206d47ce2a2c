import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTokenHashes } from '../../collector/identity/token-hashes.ts';
import { createServer } from '../../collector/server/server.ts';
import { createCollector } from '../../collector/topology.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { personTokenHash } from '../../shared/config/values.ts';
import { silent } from './support/doubles.ts';
import { use } from './support/make.ts';
import { batch, plainServer, type Running, runCollector } from './support/running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('with tokens', () => {
  let running: Running;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'truant-tokens-'));
    const agentTokensFile = path.join(folder, 'agents');
    await writeFile(agentTokensFile, `# agents of shop\n\n${hash('agent-2')}\n`);
    const auth = {
      mode: 'token',
      viewerTokenHashes: [hash('reader'), hash('')],
      agentTokenHashes: [hash('agent-1')],
    };
    running = await runCollector({ auth: { ...auth, agentTokensFile } });
  });

  afterAll(async () => {
    await running.stop();
    await rm(folder, { recursive: true });
  });

  const paths = [
    '/api/v1/uses',
    '/api/v1/alerts',
    '/api/v1/alerts/x',
    '/api/v1/credentials/x',
    '/api/v1/status',
    '/metrics',
    '/nowhere',
  ];
  const missing = new Set(['/api/v1/alerts/x', '/api/v1/credentials/x', '/nowhere']);

  test.each([
    ['nobody', {}, 401, 401],
    ['an unknown token', bearer('guess'), 401, 401],
    ['an empty token', { authorization: 'Bearer ' }, 401, 401],
    ['a hash in place of its token', bearer(hash('reader')), 401, 401],
    ['another scheme', { authorization: `Basic ${Buffer.from('reader:').toString('base64')}` }, 401, 401],
    ['two tokens', { authorization: 'Bearer reader agent-1' }, 401, 401],
    ['a very long token', bearer('x'.repeat(8000)), 401, 401],
    ['a reader', bearer('reader'), 200, 403],
    ['a reader, with the scheme in small letters', { authorization: 'bearer reader' }, 200, 403],
    ['an agent', bearer('agent-1'), 403, 200],
    ['an agent whose hash is in the file', bearer('agent-2'), 403, 200],
  ])('%s', async (_who, headers, reading, writing) => {
    for (const path of paths) {
      const { status } = await running.get(path, headers);
      expect([path, status]).toEqual([path, reading === 200 && missing.has(path) ? 404 : reading]);
    }
    const posted = await running.post(batch(0, [use(0)]), { headers });
    expect(posted.status).toBe(writing);
    if (writing === 401) expect(posted.headers.get('www-authenticate')).toBe('Bearer realm="truant"');
  });

  test('probes need none', async () => {
    expect((await running.get('/healthz')).status).toBe(200);
    expect((await running.get('/readyz')).status).toBe(200);
  });

  test.each([
    ['both lists', { viewerTokenHashes: [hash('x')], agentTokenHashes: [hash('x')] }],
    ['a list and a file', { viewerTokenHashes: [hash('agent-2')], agentTokensFile: true }],
    ['both files', { viewerTokensFile: true, agentTokensFile: true }],
  ])('a token of both kinds is refused: in %s', async (_where, auth) => {
    const files = Object.fromEntries(
      Object.entries(auth).map(([key, value]) => [key, value === true ? path.join(folder, 'agents') : value]),
    );
    await expect(runCollector({ auth: { mode: 'token', ...files } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /is in collector\.auth\.viewerTokenHashes too|same hash twice, for viewer and for agent demo\/\*/s,
      ),
    });
  });

  test('any name of the host will do', async () => {
    expect(await statusFor(running.url, 'truant.example.org', bearer('reader'))).toBe(200);
  });
});

describe('without authentication', () => {
  let running: Running;

  beforeAll(async () => {
    running = await runCollector();
  });

  afterAll(() => running.stop());

  test.each([
    ['localhost', 200],
    ['localhost:7117', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1:80', 200],
    ['[::1]', 200],
    ['[::1]:7117', 200],
    ['evil.example', 421],
    ['evil.example:7117', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['10.0.0.1', 421],
  ])('a request for the host %s is answered %i', async (host, status) => {
    expect(await statusFor(running.url, host)).toBe(status);
  });

  test.each([
    ['a page of ours', { 'sec-fetch-site': 'same-origin' }, 200],
    ['a person', { 'sec-fetch-site': 'none' }, 200],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['a page of another origin, of an older browser', { origin: 'https://evil.example' }, 403],
  ])('what %s asks is answered %i', async (_who, headers, status) => {
    expect(await statusFor(running.url, 'localhost', headers)).toBe(status);
    expect(await statusFor(running.url, 'localhost', headers, '/api/v1/history/export?format=csv')).toBe(status);
    // A link may lead to the page from anywhere.
    const path = '/healthz';
    expect(await statusFor(running.url, 'localhost', { ...headers, 'sec-fetch-dest': 'document' }, path)).toBe(200);
    expect(await statusFor(running.url, 'localhost', { ...headers, 'sec-fetch-dest': 'image' }, path)).toBe(status);
  });
});

function statusFor(
  url: string,
  host: string,
  headers: object = {},
  path = '/api/v1/alerts',
): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.get({ hostname, port, path, headers: { ...headers, host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
  });
}

describe('listening', () => {
  const server = (host: string) => createServer({ ...plainServer, host, routes: [] });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'collector.example'])('on %s without authentication is refused', (host) => {
    expect(() => server(host)).toThrow(expect.objectContaining({ code: 'LISTEN_UNSAFE' }));
  });

  test('on any address is fine with authentication, where TLS is spoken in front', async () => {
    const auth = { mode: 'token', viewerTokenHashes: [hash('reader')] };
    const anywhere = { listen: { host: '0.0.0.0', port: 0 }, auth };
    await expect(runCollector(anywhere)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const { collector, url, stop } = await runCollector({ ...anywhere, tls: { terminatedElsewhere: true } });
    const here = `${url.replace('0.0.0.0', '127.0.0.1')}/metrics`;
    expect((await fetch(here)).status).toBe(401);
    expect((await fetch(here, { headers: bearer('reader') })).status).toBe(200);
    await stop();
    expect(collector.address()).toBeUndefined();
  });

  test('on a port that is in use fails, and says so', async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as { port: number };
    const { component } = createServer({ ...plainServer, port, routes: [] });
    const refusal = {
      code: 'LISTEN_FAILED',
      message: `Can't listen on 127.0.0.1 port ${port}: it is in use already`,
      remedy: expect.stringContaining('collector.listen'),
    };
    await expect(component.start()).rejects.toMatchObject(refusal);
    // A whole collector does not even make its store.
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-taken-'));
    const collector = { listen: { port }, store: { path: path.join(folder, 'deeper', 'truant.duckdb') } };
    await expect(runCollector(collector)).rejects.toMatchObject(refusal);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    other.close();
  });

  test('an unsafe collector is refused before its store is touched', async () => {
    const config = parseConfig({});
    config.collector.listen.host = '0.0.0.0';
    config.collector.store.path = '/proc/nowhere/truant.db';
    const collector = createCollector(config, { logger: silent, registry: new Registry() });
    await expect(collector).rejects.toMatchObject({ code: 'LISTEN_UNSAFE' });
  });
});

describe('the file of token hashes', () => {
  test('that holds a token by mistake is refused without showing it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-hashes-'));
    const file = path.join(folder, 'hashes');
    await writeFile(file, `${hash('a')}\nhunter2\n`);
    const reading = readTokenHashes(file, personTokenHash);
    await expect(reading).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${file}, line 2 is no hash of a token.`,
    });
    await expect(readTokenHashes(path.join(folder, 'none'), personTokenHash)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await rm(folder, { recursive: true });
  });
});
