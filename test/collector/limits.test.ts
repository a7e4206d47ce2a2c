/** How much one caller may ask for, and that it is not to the cost of others. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLab, type Lab } from './support/callers.ts';
import { use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const auth = {
  mode: 'token',
  viewerTokenHashes: [hash('reader'), hash('reader-2')],
  agentTokenHashes: [hash('agent'), `${hash('agent-b')} demo/node-b`],
};

let running: Running | undefined;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await running?.stop();
  running = undefined;
});

/** From an address of its own: the whole of 127.0.0.0/8 is this machine. */
function askFrom(localAddress: string, url: string, headers: http.OutgoingHttpHeaders): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { localAddress, headers, agent: false }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on('error', reject);
  });
}

describe('who can not say who it is', () => {
  test('is not heard for the rest of the minute, and others are', async () => {
    running = await runCollector({ auth, limits: { failuresPerMinute: 5 } });
    const { get, url } = running;
    expect((await get('/api/v1/alerts', bearer('reader-2'))).status).toBe(200);
    for (let n = 0; n < 5; n += 1) expect((await get('/api/v1/alerts', bearer(`guess-${n}`))).status).toBe(401);
    const refused = await get('/api/v1/alerts', bearer('guess-6'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ status: 429, title: 'Too Many Requests' });
    // A guess that would be right is not even looked at, but what was right lately is let in.
    expect((await get('/api/v1/alerts', bearer('reader'))).status).toBe(429);
    expect((await get('/api/v1/alerts', bearer('reader-2'))).status).toBe(200);
    // Nothing but the address is held against it.
    expect((await askFrom('127.0.0.2', `${url}/api/v1/alerts`, bearer('reader'))).statusCode).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
    vi.advanceTimersByTime(61_000);
    expect((await get('/api/v1/alerts', bearer('reader'))).status).toBe(200);
  });

  test('brings nothing: that is no guess', async () => {
    running = await runCollector({ auth, limits: { failuresPerMinute: 5 } });
    for (let n = 0; n < 10; n += 1) expect((await running.get('/api/v1/alerts')).status).toBe(401);
    expect((await running.get('/api/v1/alerts', bearer('reader'))).status).toBe(200);
  });

  test('does not shut out agents behind its address whose tokens nobody can guess', async () => {
    const lab: Lab = await createLab({ limits: { failuresPerMinute: 3 } });
    try {
      for (let n = 0; n < 5; n += 1) await lab.ask('GET', '/metrics', { token: `guess-${n}` });
      const { agents, strangers } = lab.callers;
      expect((await lab.send(agents["an agent with its ServiceAccount's token"]!)).status).toBe(200);
      expect((await lab.send(agents['an agent with a certificate']!)).status).toBe(200);
      expect((await lab.send(strangers['a token of other keys']!)).status).toBe(429);
      // The API server has its peace.
      const asked = lab.api.asked.length;
      expect((await lab.send(strangers['a token that the API server does not know']!)).status).toBe(429);
      expect(lab.api.asked).toHaveLength(asked);
    } finally {
      await lab.stop();
    }
  });
});

describe('who is known', () => {
  test('asks so many questions a minute, each for itself', async () => {
    running = await runCollector({ auth, limits: { requestsPerMinute: 5 } });
    const { get } = running;
    for (let n = 0; n < 5; n += 1) expect((await get('/metrics', bearer('reader'))).status).toBe(200);
    const refused = await get('/metrics', bearer('reader'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await get('/metrics', bearer('reader-2'))).status).toBe(200);
    vi.advanceTimersByTime(60_000);
    expect((await get('/metrics', bearer('reader'))).status).toBe(200);
  });

  test('sends so many batches a minute, each agent for itself', async () => {
    running = await runCollector({ auth, limits: { batchesPerMinute: 3 } });
    const { post } = running;
    const send = (token: string, agent: string) =>
      post(batch(0, [use(0)], { agent, stream: `demo/${agent}/1` }), { headers: bearer(token) });
    for (let n = 0; n < 3; n += 1) expect((await send('agent', 'node-a')).status).toBe(200);
    const refused = await send('agent', 'node-a');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await send('agent-b', 'node-b')).status).toBe(200);
  });

  test('or asks what is open to everybody, by address', async () => {
    running = await runCollector({ auth, limits: { requestsPerMinute: 5 } });
    for (let n = 0; n < 5; n += 1) expect((await running.get('/healthz')).status).toBe(200);
    expect((await running.get('/healthz')).status).toBe(429);
    expect((await askFrom('127.0.0.2', `${running.url}/healthz`, {})).statusCode).toBe(200);
  });
});

describe('a request', () => {
  const reply = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port, hostname } = new URL(running?.url ?? '');
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  test.each([
    ['with a length', 'Content-Length: 5\r\n\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('that only asks has no body, %s', async (_how, rest) => {
    running = await runCollector();
    const answer = await reply(`GET /api/v1/alerts HTTP/1.1\r\nHost: localhost\r\n${rest}`);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('This takes no body.');
  });

  test.each([
    ['too much in its headers', `X: ${'x'.repeat(20_000)}`, 431],
    ['a header that is none', 'Content-Length: 1, 2', 400],
    ['two lengths', 'Content-Length: 1\r\nTransfer-Encoding: chunked', 400],
  ])('with %s is refused, as a problem', async (_what, header, status) => {
    running = await runCollector();
    const answer = await reply(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ status });
  });

  test('too many connections at a time are not taken', async () => {
    running = await runCollector({ limits: { connections: 2 } });
    const { port, hostname } = new URL(running.url);
    const held = [0, 1].map(() => connect(Number(port), hostname));
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.on('connect', resolve))));
    await vi.waitFor(() => expect(reply('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).resolves.toBe(''));
    for (const socket of held) socket.destroy();
  });
});
