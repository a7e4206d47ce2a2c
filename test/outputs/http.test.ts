/** POSTs to what is not as it should be: really so, on this machine. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectionFailure } from '../../collector/outputs/connection-failure.ts';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import { HttpPeer, type Post } from '../../collector/outputs/http.ts';
import type { TlsFiles } from '../../shared/http/tls-files.ts';
import { Authority, type Parts } from '../support/certificates.ts';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';

const never = new AbortController().signal;
const authority = new Authority();
const other = new Authority('another CA');
let folder: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-http-'));
  const { cert, key } = authority.issue({ dns: ['collector.example'] });
  const foreign = other.issue({ dns: ['collector.example'] });
  const files = {
    'ca.pem': authority.pem,
    cert,
    key,
    'foreign-cert': foreign.cert,
    'foreign-key': foreign.key,
    'no-pem': 'x',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const inFolder = (files: TlsFiles): TlsFiles =>
  Object.fromEntries(Object.entries(files).map(([key, file]) => [key, path.join(folder, String(file))]));

function post(url: string, parts: Partial<Post> & { tls?: TlsFiles; timeoutMs?: number } = {}) {
  const { tls = {}, timeoutMs, ...rest } = parts;
  const peer = new HttpPeer({ tls: inFolder(tls), ...(timeoutMs !== undefined && { timeoutMs }) });
  closing.push(() => peer.close());
  return peer.post({ url: new URL(url), headers: {}, body: '{}', signal: never, ...rest });
}

async function failureOf(posting: Promise<unknown>): Promise<OutputFailure> {
  const failure = await posting.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(OutputFailure);
  return failure as OutputFailure;
}

async function serving(...parameters: Parameters<typeof listening>): Promise<Listening> {
  const server = await listening(...parameters);
  closing.push(() => server.close());
  return server;
}

/** Speaks no HTTP. */
async function tcp(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const NEEDS_OPENSSL = hasOpenssl ? '' : ' (skipped: needs openssl)';

/** Wants a client certificate that the authority has signed. */
async function opensslServer(version: string): Promise<string> {
  const { cert, key } = own();
  await writeFile(path.join(folder, 'server.pem'), cert + key);
  const port = await freePort();
  const checks = ['-Verify', '1', '-verify_return_error', '-CAfile', 'ca.pem'];
  const child = spawn('openssl', ['s_server', '-www', '-port', `${port}`, '-cert', 'server.pem', version, ...checks], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  closing.push(async () => {
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  });
  for await (const chunk of child.stdout) if (String(chunk).includes('ACCEPT')) break;
  return `https://127.0.0.1:${port}`;
}

const own = (parts: Parts = { ip: ['127.0.0.1'] }) => authority.issue(parts);
const trusting: TlsFiles = { caFile: 'ca.pem' };

describe('what answers', () => {
  test('is read, and cut where it is long', async () => {
    const { url } = await serving((_request, response) => response.end('x'.repeat(1_000_000)));
    expect(await post(url)).toMatchObject({ status: 200, peer: url });
    expect((await post(url)).text).toHaveLength(64 * 1024);
    expect((await post(url, { maxAnswerBytes: 100_000 })).text).toHaveLength(100_000);
  });

  test('is not followed elsewhere', async () => {
    const asked: string[] = [];
    const { url } = await serving((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { location: '/elsewhere?key=hunter2-hunter2' }).end();
    });
    expect(await post(`${url}/in`)).toMatchObject({ status: 307, location: `${url}/elsewhere` });
    expect(asked).toEqual(['/in']);
  });

  test('does not give away what it was sent', async () => {
    const { url } = await serving((request, response) => {
      response.writeHead(301, { location: `https://other.example${request.url}` });
      response.end(`${request.url} ${request.headers.authorization} hunter2`);
    });
    const secrets = ['Splunk tok3n-tok3n'];
    const sent = { hasSecretUrl: true, secrets, headers: { authorization: 'Splunk tok3n-tok3n' } };
    const { text, location } = await post(`${url}/services/T0000000/XXXXXXXX?sig=abcdefghij`, sent);
    expect(text).toBe('[scrubbed] [scrubbed] hunter2');
    expect(location).toBe('https://other.example');
  });

  test('gets headers to the letter, in UTF-8', async () => {
    const { url } = await serving((request, response) => {
      response.end(Buffer.from(String(request.headers['x-name']), 'latin1').toString('utf8'));
    });
    expect((await post(url, { headers: { 'x-name': 'Grüße 世界 \u{1f600}' } })).text).toBe('Grüße 世界 \u{1f600}');
  });
});

describe('there is no answer', () => {
  test('where nobody listens', async () => {
    const port = await freePort();
    const failure = await failureOf(post(`http://127.0.0.1:${port}/secret-path`));
    expect(failure).toMatchObject({ reason: 'unreachable', of: 'output', remedy: expect.any(String) });
    expect(failure.message).toBe(`127.0.0.1:${port} refuses connections: nobody listens at that port.`);
  });

  test('of a name that there is not', async () => {
    const failure = await failureOf(post('https://collector.invalid/secret-path'));
    expect(failure.reason).toBe('dns');
    expect(failure.message).toMatch(/^collector\.invalid is a name that .* name server /);
  });

  test.each<[string, (socket: Socket) => void, string, RegExp]>([
    ['that resets', (socket) => void socket.once('data', () => socket.resetAndDestroy()), 'peer', /broken|closed/],
    ['that closes', (socket) => void socket.once('data', () => socket.end()), 'peer', /closed the connection/],
    [
      'that speaks something else',
      (socket) => void socket.once('data', () => socket.end('220 smtp ready\r\n')),
      'protocol',
      /does not speak HTTP/,
    ],
    [
      'whose answer cannot be unpacked',
      (socket) =>
        void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot packed')),
      'protocol',
      /does not speak HTTP/,
    ],
  ])('from one %s', async (_what, onConnection, reason, words) => {
    const failure = await failureOf(post(`http://${await tcp(onConnection)}/`));
    expect(failure).toMatchObject({ reason, of: 'output', message: expect.stringMatching(words) });
  });

  test('from one that is silent', async () => {
    const address = await tcp(() => undefined);
    const failure = await failureOf(post(`http://${address}/`, { timeoutMs: 50 }));
    expect(failure).toMatchObject({ reason: 'timeout', message: `${address} has not answered in time.` });
    const stop = AbortSignal.timeout(50);
    expect(await failureOf(post(`http://${address}/`, { signal: stop }))).toMatchObject({ reason: 'timeout' });
  });

  test('from one that never ends its answer', async () => {
    const { url } = await serving((_request, response) => void response.write('half'));
    expect(await failureOf(post(url, { timeoutMs: 50 }))).toMatchObject({ reason: 'timeout' });
  });

  test('from one that does not speak TLS', async () => {
    const { url } = await serving((_request, response) => response.end());
    const failure = await failureOf(post(url.replace('http', 'https')));
    expect(failure).toMatchObject({ reason: 'tls', message: expect.stringContaining('does not speak TLS') });
  });

  test.each<[string, Parts, TlsFiles, string, RegExp]>([
    ['nobody trusted has signed', { ip: ['127.0.0.1'] }, {}, 'tls', /nobody who is trusted/],
    ['has expired', { ip: ['127.0.0.1'], to: new Date(Date.now() - 1000) }, trusting, 'tls', /expired/],
    ['is for another name', { dns: ['other.example'] }, trusting, 'tls', /for another name/],
    ['cannot be checked, as no CA is there', {}, { caFile: 'nowhere.pem' }, 'secret', /nowhere\.pem can't be read/],
    ['cannot be checked, as the CA is none', {}, { caFile: 'no-pem' }, 'secret', /no-pem has no certificate/],
  ])('where the certificate %s', async (_what, parts, tls, reason, words) => {
    const { url } = await serving((_request, response) => response.end(), own(parts));
    const failure = await failureOf(post(url, { tls }));
    expect(failure).toMatchObject({ reason, remedy: expect.any(String), message: expect.stringMatching(words) });
  });

  test.each<[string, TlsFiles, string]>([
    ['none', {}, 'tls'],
    // It closes the connection without a word.
    ['a foreign one', { certFile: 'foreign-cert', keyFile: 'foreign-key' }, 'peer'],
  ])('where Node.js wants a client certificate, with %s', async (_what, files, reason) => {
    const wanting = { ...own(), ca: authority.pem, requestCert: true };
    const { url } = await serving((_request, response) => response.end(), wanting);
    const failure = await failureOf(post(url, { tls: { ...trusting, ...files } }));
    expect(failure).toMatchObject({ reason });
    expect(failure.message + failure.remedy).toContain('client certificate');
  });

  test.skipIf(!hasOpenssl).each<[string, string, TlsFiles]>([
    ['none', '-tls1_3', {}],
    ['none', '-tls1_2', {}],
    ['a foreign one', '-tls1_3', { certFile: 'foreign-cert', keyFile: 'foreign-key' }],
    ['a foreign one', '-tls1_2', { certFile: 'foreign-cert', keyFile: 'foreign-key' }],
  ])(`where OpenSSL wants a client certificate, with %s over %s${NEEDS_OPENSSL}`, async (_what, version, files) => {
    const url = await opensslServer(version);
    const failure = await failureOf(post(url, { tls: { ...trusting, ...files } }));
    expect(failure).toMatchObject({ reason: 'tls', message: expect.stringMatching(/wants a client certificate/) });
  });

  test('where the own certificate has the key of another', async () => {
    const { url } = await serving((_request, response) => response.end(), own());
    const failure = await failureOf(post(url, { tls: { ...trusting, certFile: 'cert', keyFile: 'foreign-key' } }));
    expect(failure).toMatchObject({ reason: 'secret', message: expect.stringMatching(/are no pair/) });
  });

  test('and with the right client certificate there is', async () => {
    const wanting = { ...own(), ca: authority.pem, requestCert: true, rejectUnauthorized: true };
    const { url } = await serving((_request, response) => response.end('ok'), wanting);
    const files = { ...trusting, certFile: 'cert', keyFile: 'key' };
    expect(await post(url, { tls: files })).toMatchObject({ status: 200, text: 'ok' });
  });

  test.each([
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EPERM',
    'EMFILE',
    'UND_ERR_CONNECT_TIMEOUT',
    'EAI_AGAIN',
    'ERR_SSL_X',
    'EX',
  ])('by %s', (code) => {
    const error = new TypeError('fetch failed', { cause: Object.assign(new Error('said so'), { code }) });
    const { message, reason } = connectionFailure(error, 'siem.example:6514');
    expect(message).toMatch(/^siem\.example:6514 .*\.$/);
    expect(reason).toMatch(/^(unreachable|timeout|dns|tls)$/);
  });
});

test('connections are kept', async () => {
  const ports = new Set<number | undefined>();
  const { url } = await serving((request, response) => {
    ports.add(request.socket.remotePort);
    response.end(createHash('sha256').update(String(request.headers['user-agent'])).digest('hex'));
  });
  const peer = new HttpPeer();
  closing.push(() => peer.close());
  for (let n = 0; n < 20; n++) await peer.post({ url: new URL(url), headers: {}, body: '', signal: never });
  expect(ports.size).toBeLessThan(5);
});
