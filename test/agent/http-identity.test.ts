/** The agent's transport against a real collector: over TLS, by each way of showing who it is, and through a proxy. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Credentials, createLab, type Lab } from '../collector/support/callers.ts';
import { CLUSTER } from '../collector/support/make.ts';
import { Authority } from '../support/certificates.ts';
import { type Listening, listening } from '../support/listening.ts';
import { batchOf, transportTo } from './transporting.ts';

const never = new AbortController().signal;
let lab: Lab;
let folder: string;
let caFile: string;
const put = async (name: string, content: string): Promise<string> => {
  await writeFile(path.join(folder, name), content);
  return path.join(folder, name);
};

beforeAll(async () => {
  lab = await createLab();
  folder = await mkdtemp(path.join(tmpdir(), 'truant-agent-tls-'));
  caFile = await put('ca.pem', lab.authority.pem);
});
afterAll(async () => {
  await lab.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

async function own({ token, certificate }: Credentials) {
  const files = certificate && {
    certFile: await put('own.crt', certificate.cert),
    keyFile: await put('own.key', certificate.key),
  };
  return { tls: { caFile, ...files }, ...(token !== undefined && { token: async () => token }) };
}

describe('a collector that speaks TLS', () => {
  test('is reached by every way of showing who one is', async () => {
    for (const [n, [who, credentials]] of Object.entries(lab.callers.agents).entries()) {
      const { transport, lines } = transportTo(lab.url, await own(credentials));
      expect([who, await transport.send(batchOf(2, 2 * n, CLUSTER), never)]).toEqual([who, 'stored']);
      expect(lines).toEqual([]);
    }
  });

  test('is not talked to when nobody that is trusted has signed for it', async () => {
    const stop = new AbortController();
    const { transport, lines } = transportTo(lab.url, {
      tls: { caFile: await put('other.pem', new Authority('another CA').pem) },
      token: async () => 'agent-of-here',
      pause: async () => stop.abort(),
    });
    expect(await transport.send(batchOf(1, 0, CLUSTER), stop.signal)).toBe('stopped');
    expect(transport.trouble()).toContain('agent.collector.caFile');
    expect(lines[0]).toMatchObject({ level: 'error', reason: 'connection' });
  });

  test.each([
    { because: 'its certificate has expired', from: new Date(0), to: new Date(86_400_000), remedy: 'clock' },
    { because: 'its certificate is for later', from: new Date(Date.now() + 86_400_000), remedy: 'clock' },
    { because: 'its certificate has another name', ip: ['192.0.2.1'], remedy: 'agent.collector.url' },
  ])('is not talked to when $because, and what is to be put right is said', async ({ ip, remedy, from, to }) => {
    const parts = { ip: ip ?? ['127.0.0.1'], ...(from && { from }), ...(to && { to }) };
    const server = await listening((_, response) => response.end(), lab.authority.issue(parts));
    const stop = new AbortController();
    const { transport, lines } = transportTo(server.url, { tls: { caFile }, pause: async () => stop.abort() });
    expect(await transport.send(batchOf(1, 0, CLUSTER), stop.signal)).toBe('stopped');
    expect(lines[0]).toMatchObject({ level: 'error', reason: 'connection', remedy: expect.stringContaining(remedy) });
    await server.close();
  });

  test.each([
    { because: 'the other side speaks no TLS', detail: 'does not speak TLS', remedy: 'agent.collector.url' },
    { because: 'the own key is another one', detail: 'no pair', remedy: 'agent.collector.certFile' },
    { because: 'the file of CAs has none', detail: 'has no certificate', remedy: 'PEM' },
  ])('can not be reached when $because, and that is said in words', async ({ detail, remedy }) => {
    const plain = await listening((_, response) => response.end());
    const [one, other] = [lab.authority.issue({}), lab.authority.issue({})];
    const tls =
      detail === 'no pair'
        ? await own({ certificate: { cert: one.cert, key: other.key } })
        : { tls: { caFile: detail === 'has no certificate' ? await put('no-ca.pem', 'none') : caFile } };
    const stop = new AbortController();
    const { transport, lines } = transportTo(plain.url.replace(/^http:/, 'https:'), {
      ...tls,
      pause: async () => stop.abort(),
    });
    expect(await transport.send(batchOf(1, 0, CLUSTER), stop.signal)).toBe('stopped');
    expect(lines[0]).toMatchObject({ level: 'error', detail: expect.stringContaining(detail) });
    expect(transport.trouble()).toContain(remedy);
    await plain.close();
  });

  test('is not talked to by another name than its own', async () => {
    const stop = new AbortController();
    const { transport } = transportTo(lab.url.replace('127.0.0.1', 'localhost'), {
      tls: { caFile },
      pause: async () => stop.abort(),
    });
    expect(await transport.send(batchOf(1, 0, CLUSTER), stop.signal)).toBe('stopped');
    expect(transport.trouble()).toMatch(/localhost/);
  });

  test('refuses another node, and what is to be put right is said', async () => {
    const stop = new AbortController();
    const { transport } = transportTo(lab.url, {
      ...(await own(lab.callers.otherAgents['an agent of another node'] as Credentials)),
      pause: async () => stop.abort(),
    });
    expect(await transport.send(batchOf(1, 0, CLUSTER), stop.signal)).toBe('stopped');
    expect(transport.trouble()).toContain('403 This caller may write as the node node-b of the cluster demo alone');
  });
});

describe('files that change', () => {
  test('are read anew: a certificate that was not known is replaced by one that is', async () => {
    const stranger = new Authority().issue({ uri: ['truant://demo/node-a'] });
    const files = await own({ certificate: stranger });
    const known = lab.callers.agents['an agent with a certificate'] as Credentials;
    const { transport, lines } = transportTo(lab.url, { ...files, pause: async () => void (await own(known)) });
    expect(await transport.send(batchOf(1, 50, CLUSTER), never)).toBe('stored');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ detail: expect.stringMatching(/^401 /) });
  });

  test('that are missing are waited for, and named', async () => {
    const missing = path.join(folder, 'later.pem');
    const { transport, lines } = transportTo(lab.url, {
      tls: { caFile: missing },
      token: async () => 'agent-of-here',
      pause: async () => void (await put('later.pem', lab.authority.pem)),
    });
    expect(await transport.send(batchOf(1, 51, CLUSTER), never)).toBe('stored');
    expect(lines[0]).toMatchObject({ level: 'error', detail: expect.stringContaining(missing) });
  });
});

/** A proxy that knows one name, and connects to where it is said to lead. */
async function proxyTo(target: string): Promise<Listening & { asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((_request, response) => response.writeHead(500).end());
  server.on('connect', (request, client: Socket, head: Buffer) => {
    asked.push(request.url ?? '');
    const onward = connect(Number(new URL(target).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://me:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

describe('a proxy', () => {
  const receipt = JSON.stringify({ accepted: 1, duplicates: 0, rejected: 0 });
  let collector: Listening;
  let proxy: Awaited<ReturnType<typeof proxyTo>>;
  const authority = new Authority();

  beforeAll(async () => {
    collector = await listening(
      (request, response) => {
        request.resume();
        request.on('end', () => response.end(receipt));
      },
      authority.issue({ dns: ['collector.test'], ip: ['127.0.0.1'] }),
    );
    proxy = await proxyTo(collector.url);
  });
  afterAll(async () => {
    await proxy.close();
    await collector.close();
  });

  const sending = async (url: string, stop = new AbortController()) => {
    const files = { caFile: await put('proxied.pem', authority.pem) };
    const { transport, lines } = transportTo(url, { tls: files, pause: async () => stop.abort() });
    return { delivery: await transport.send(batchOf(1), stop.signal), lines };
  };

  test('that the environment names is gone through, and the collector’s certificate counts, not the proxy’s', async () => {
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const { port } = new URL(collector.url);
    expect((await sending(`https://collector.test:${port}`)).delivery).toBe('stored');
    expect(proxy.asked).toEqual([`collector.test:${port}`]);
    // The proxy leads to the same place, which is not who was asked for.
    expect((await sending(`https://elsewhere.test:${port}`)).delivery).toBe('stopped');
  });

  test('is not asked for this machine itself, nor for what NO_PROXY names', async () => {
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    proxy.asked.length = 0;
    expect((await sending(collector.url)).delivery).toBe('stored');
    vi.stubEnv('NO_PROXY', 'collector.test');
    expect((await sending(`https://collector.test:${new URL(collector.url).port}`)).delivery).toBe('stopped');
    expect(proxy.asked).toEqual([]);
  });

  test('that is not there is told without its password', async () => {
    const gone = await proxyTo(collector.url);
    await gone.close();
    vi.stubEnv('HTTPS_PROXY', gone.url);
    const { delivery, lines } = await sending('https://collector.test');
    expect(delivery).toBe('stopped');
    expect(lines[0]).toMatchObject({ reason: 'connection', detail: expect.stringContaining('ECONNREFUSED') });
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });
});

test('what a server shows of the token is not told', async () => {
  const server = await listening((request, response) => {
    request.resume();
    response.writeHead(500).end(`what is this? ${request.headers.authorization}`);
  });
  const stop = new AbortController();
  const { transport, lines } = transportTo(server.url, {
    token: async () => 'a-static-token',
    pause: async () => stop.abort(),
  });
  await transport.send(batchOf(1), stop.signal);
  expect(lines[0]).toMatchObject({ detail: expect.stringContaining('what is this? Bearer [scrubbed]') });
  expect(transport.trouble()).not.toContain('a-static-token');
  await server.close();
});

test('an answer without end is not read to the end', async () => {
  const server = await listening((request, response) => {
    request.resume();
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const stop = new AbortController();
  const { transport } = transportTo(server.url, { pause: async () => stop.abort() });
  expect(await transport.send(batchOf(1), stop.signal)).toBe('stopped');
  expect(transport.trouble()).toContain('more than 65536 bytes');
  await server.close();
});
