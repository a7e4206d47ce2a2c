/** TLS at the collector: what it speaks, and that its files may change while it runs. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Agent, fetch } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Authority, type Issued } from '../support/certificates.ts';
import { type Running, runCollector } from './support/running.ts';

const authority = new Authority();
let folder: string;
let running: Running | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-tls-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(folder, { recursive: true });
});

const own = (name = 'first') => authority.issue({ ip: ['127.0.0.1'], dns: [`${name}.example`] });

/** As the kubelet and cert-manager do: a link to a folder that is new each time, moved over the old link. */
async function publish({ cert, key }: Issued, clientCa = authority.pem): Promise<void> {
  const version = path.join(folder, `..${Math.random().toString(36).slice(2)}`);
  await mkdir(version);
  await writeFile(path.join(version, 'tls.crt'), cert);
  await writeFile(path.join(version, 'tls.key'), key);
  await writeFile(path.join(version, 'ca.crt'), clientCa);
  await symlink(version, path.join(folder, '..next'));
  await rename(path.join(folder, '..next'), path.join(folder, '..data'));
}

const files = () => ({
  certFile: path.join(folder, '..data/tls.crt'),
  keyFile: path.join(folder, '..data/tls.key'),
  clientCaFile: path.join(folder, '..data/ca.crt'),
});

const auth = { mode: 'token', viewerTokenHashes: [`sha256:${'a'.repeat(64)}`] };

/** What a client's handshake comes to: the protocol, or why there is none. */
function handshake(url: string, options: ConnectionOptions): Promise<{ protocol?: string | null; error?: string }> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), ca: authority.pem, ...options }, () => {
      resolve({ protocol: socket.getProtocol() });
      socket.destroy();
    });
    socket.on('error', (error) => resolve({ error: (error as NodeJS.ErrnoException).code ?? error.message }));
  });
}

describe('the connection', () => {
  test('is of TLS 1.2 or later', async () => {
    await publish(own());
    running = await runCollector({ tls: files(), auth });
    expect(running.url).toMatch(/^https:/);
    // What a client of old would need to be let do so by today's OpenSSL.
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await handshake(running.url, { ...old, maxVersion: 'TLSv1.3' })).toEqual({ protocol: 'TLSv1.3' });
    expect(await handshake(running.url, { ...old, maxVersion: 'TLSv1.2' })).toEqual({ protocol: 'TLSv1.2' });
    for (const maxVersion of ['TLSv1.1', 'TLSv1'] as const) {
      const { error } = await handshake(running.url, { ...old, maxVersion });
      expect(error).toMatch(/ALERT_PROTOCOL_VERSION/);
    }
  });

  test('that speaks plain HTTP gets no answer', async () => {
    await publish(own());
    running = await runCollector({ tls: files(), auth });
    await expect(fetch(running.url.replace('https', 'http'))).rejects.toThrow(/fetch failed/);
  });

  test.each([
    ['a key of another certificate', async () => publish({ cert: own().cert, key: own().key }), 'CONFIG_INVALID'],
    ['no certificate at all', async () => publish({ cert: 'x', key: own().key }), 'CONFIG_INVALID'],
    ['no files', async () => undefined, 'INPUT_UNREADABLE'],
  ])('with %s the collector does not start', async (_what, prepare, code) => {
    await prepare();
    const starting = runCollector({ tls: files(), auth });
    await expect(starting).rejects.toMatchObject({ code, remedy: expect.any(String) });
    await expect(starting).rejects.not.toMatchObject({ message: expect.stringContaining('PRIVATE KEY') });
  });
});

describe('files that change', () => {
  const certificateOf = async (url: string): Promise<string> => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), ca: authority.pem });
    await new Promise((resolve, reject) => {
      socket.on('secureConnect', resolve);
      socket.on('error', reject);
    });
    const names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
    socket.destroy();
    return names;
  };

  test('are used for new connections, while those there are go on', async () => {
    await publish(own('first'));
    running = await runCollector({ tls: files(), auth });
    const { url, timers } = running;
    const kept = new Agent({ connect: { ca: authority.pem }, connections: 1 });
    expect((await fetch(`${url}/healthz`, { dispatcher: kept })).status).toBe(200);
    expect(await certificateOf(url)).toContain('first.example');
    await publish(own('second'));
    timers.fire();
    await vi.waitFor(async () => expect(await certificateOf(url)).toContain('second.example'));
    expect((await fetch(`${url}/healthz`, { dispatcher: kept })).status).toBe(200);
    await kept.destroy();
  });

  test('that do not fit each other are left until they do, and it is said', async () => {
    await publish(own('first'));
    running = await runCollector({ tls: files(), auth });
    const { url, timers, collector } = running;
    const http = collector.components.find(({ name }) => name === 'http');
    await publish({ cert: own('second').cert, key: own('third').key });
    timers.fire();
    await vi.waitFor(() =>
      expect(http?.status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining("can't be used") }),
    );
    expect(await certificateOf(url)).toContain('first.example');
    await publish(own('fourth'));
    timers.fire();
    await vi.waitFor(() => expect(http?.status()).toEqual({ state: 'running' }));
    expect(await certificateOf(url)).toContain('fourth.example');
  });

  test("a client's CA that is taken back vouches for nobody any more, not even in a session that is resumed", async () => {
    await publish(own());
    running = await runCollector({ tls: files(), auth });
    const { url, timers } = running;
    const { cert, key } = authority.issue({ uri: ['truant://demo/node-a'] });
    const first = await askOnce(url, { cert, key });
    expect(first.status).toBe(403);
    expect(first.session).toBeDefined();
    // It is known without its certificate being sent again ...
    expect(await askOnce(url, { cert, key, session: first.session })).toMatchObject({ status: 403, resumed: true });
    const kept = new Agent({ connect: { ca: authority.pem, cert, key }, connections: 1 });
    const onKept = async () => (await fetch(`${url}/api/v1/alerts`, { dispatcher: kept })).status;
    expect(await onKept()).toBe(403);
    await publish(own('second'), new Authority().pem);
    timers.fire();
    await vi.waitFor(async () => expect(await certificateOf(url)).toContain('second.example'));
    // ... until those who vouched for it do so no more.
    expect(await askOnce(url, { cert, key, session: first.session })).toMatchObject({ status: 401, resumed: false });
    expect(await onKept()).toBe(401);
    await kept.destroy();
  });
});

interface Answered {
  status: number;
  resumed: boolean;
  session: Buffer | undefined;
}

/** A request of its own connection: 403 for an agent that asks a question, 401 for whom is not known. */
function askOnce(url: string, options: ConnectionOptions): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    let session: Buffer | undefined;
    let text = '';
    const socket = connect({ host: hostname, port: Number(port), ca: authority.pem, ...options }, () => {
      socket.write('GET /api/v1/alerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
    socket.on('session', (given) => {
      session = given;
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('end', () => {
      resolve({ status: Number(text.slice(9, 12)), resumed: socket.isSessionReused(), session });
    });
  });
}
