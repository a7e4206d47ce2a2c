/** The end of the server: in time, whoever is connected and whatever they do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { START, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

/** Of all that stopping may take, less would be left for the store than it may need. */
const IN_TIME_MS = 6000;

type Open = (options: { port: number; host: string }) => Socket;

async function connected(running: Running, said: string, open: Open = connect): Promise<Socket> {
  const { port } = new URL(running.url);
  const socket = open({ port: Number(port), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once(open === connect ? 'connect' : 'secureConnect', resolve));
  if (said !== '') await new Promise((resolve) => socket.write(said, resolve));
  return socket;
}

const POST = 'POST /api/v1/exceptions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

test.each([
  ['says nothing', ''],
  ['has said half of a request', 'GET /healthz HTTP/1.1\r\nho'],
  ['was answered', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ['never sends its body', `${POST}content-length: 100\r\n\r\n{`],
])(
  'does not wait for whoever %s',
  async (_what, said) => {
    const running = await runCollector();
    const socket = await connected(running, said);
    // Answered behind it, so that what was said has been read.
    await running.get('/healthz');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await running.stop();
    expect(running.collector.address()).toBeUndefined();
    await ended;
  },
  IN_TIME_MS,
);

test('does not wait for whoever begins an export and takes nothing of it', async () => {
  const running = await runCollector();
  const long = 'x'.repeat(900);
  for (let n = 0; n < 40; n += 1) {
    const uses = Array.from({ length: 250 }, (_, k) => {
      const made = use(n * 250 + k, { time: START + n });
      return { ...made, request: { ...made.request, userAgent: long } };
    });
    expect((await running.post(batch(n * 250, uses))).status).toBe(200);
  }
  const socket = await connected(running, 'GET /api/v1/history/export?format=csv HTTP/1.1\r\nhost: localhost\r\n\r\n');
  socket.pause();
  await running.get('/api/v1/history?limit=1');
  await running.stop();
  socket.destroy();
}, 30_000);

test(
  'does not wait for a handshake, nor for what is said within TLS',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-stopping-'));
    const authority = new Authority();
    const own = authority.issue({ ip: ['127.0.0.1'] });
    const [certFile, keyFile] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')];
    await writeFile(certFile, own.cert);
    await writeFile(keyFile, own.key);
    const auth = { mode: 'token', viewerTokenHashes: [`sha256:${'a'.repeat(64)}`] };
    const running = await runCollector({ tls: { certFile, keyFile }, auth });
    const within: Open = (options) => connectTls({ ...options, ca: authority.pem });
    const sockets = [
      await connected(running, ''),
      await connected(running, '', within),
      await connected(running, 'GET /he', within),
    ];
    await running.stop();
    expect(running.collector.address()).toBeUndefined();
    for (const socket of sockets) socket.destroy();
    await rm(folder, { recursive: true });
  },
  IN_TIME_MS,
);
