/** Logging in with a token, what a session may, and what no other page can do with it. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Person } from '../../collector/identity/caller.ts';
import type { Identity } from '../../collector/identity/identity.ts';
import { createServer } from '../../collector/server/server.ts';
import { Browser } from './support/browser.ts';
import { plainServer, type Running, runCollector } from './support/running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const auth = {
  mode: 'token',
  viewerTokenHashes: [hash('viewer'), hash('')],
  analystTokenHashes: [`${hash('analyst')} alice`],
  agentTokenHashes: [hash('agent')],
};

let running: Running;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await running.stop();
});

const start = async (section: object = { auth }): Promise<string> => {
  running = await runCollector(section);
  return running.url;
};

async function logIn(url: string, token = 'analyst', browser = new Browser()) {
  const response = await browser.fromPage(`${url}/api/v1/session`, 'POST', { body: { token } });
  expect(response.status).toBe(200);
  const me = (await response.json()) as { csrf: string };
  return { browser, response, me, cookie: browser.cookies(url).values().next().value ?? '' };
}
const status = async (browser: Browser, url: string): Promise<number> => (await browser.ask(`${url}/api/v1/me`)).status;

describe('who logs in with a token', () => {
  test('has a session in a cookie that no script reads, and that no other site has sent', async () => {
    const url = await start();
    const { browser, response, me } = await logIn(url);
    expect(response.headers.get('set-cookie')).toMatch(
      /^truant-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const expected = { name: 'alice', role: 'analyst', may: { act: true, admin: false }, by: 'session' };
    expect(me).toMatchObject(expected);
    expect(await (await browser.ask(`${url}/api/v1/me`)).json()).toEqual(me);
    expect((await browser.ask(`${url}/api/v1/alerts`)).status).toBe(200);
    expect((await browser.ask(`${url}/api/v1/dead-letters`)).status).toBe(403);
  });

  test('has it for TLS alone where TLS is spoken in front', async () => {
    const url = await start({ auth, tls: { terminatedElsewhere: true } });
    const response = await fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url.replace('http:', 'https:') },
      body: JSON.stringify({ token: 'viewer' }),
    });
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-truant-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  test.each([
    ['a guess', 'guess', 401],
    ['nothing', '', 400],
    ['a hash in place of its token', hash('viewer'), 401],
    ['an agent’s', 'agent', 403],
    ['too much', 'x'.repeat(5000), 400],
  ])('gets nothing for %s', async (_what, token, expected) => {
    const url = await start();
    const response = await new Browser().fromPage(`${url}/api/v1/session`, 'POST', { body: { token } });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([expected, null]);
    if (token.length > 6) expect(await response.text()).not.toContain(token);
  });

  test('can not guess more often than with each request', async () => {
    const url = await start({ auth, limits: { failuresPerMinute: 3 } });
    const browser = new Browser();
    const guess = (token: string) => browser.fromPage(`${url}/api/v1/session`, 'POST', { body: { token } });
    for (let n = 0; n < 3; n += 1) expect((await guess(`guess-${n}`)).status).toBe(401);
    expect((await guess('viewer')).status).toBe(429);
    vi.advanceTimersByTime(61_000);
    expect((await guess('viewer')).status).toBe(200);
  });

  test('gets a new id each time, and the one before is over: nobody can have put it there', async () => {
    const url = await start();
    const browser = new Browser();
    browser.cookies(url).set('truant-session', 'planted');
    const { cookie: first } = await logIn(url, 'analyst', browser);
    const { cookie: second } = await logIn(url, 'viewer', browser);
    expect(new Set(['planted', first, second]).size).toBe(3);
    browser.cookies(url).set('truant-session', first);
    expect(await status(browser, url)).toBe(401);
  });

  test('is not asked to where nobody is asked who they are', async () => {
    const url = await start({});
    const browser = new Browser();
    expect(await (await browser.ask(`${url}/api/v1/login`)).json()).toEqual({ oidc: null, token: false });
    expect(await (await browser.ask(`${url}/api/v1/me`)).json()).toEqual({
      name: 'anybody',
      role: 'anybody',
      may: { act: true, admin: true },
      by: 'none',
      csrf: null,
      expiresAt: null,
    });
    const response = await browser.fromPage(`${url}/api/v1/session`, 'POST', { body: { token: 'x' } });
    expect(response.status).toBe(400);
  });
});

describe('a session', () => {
  test('is not made for anybody who has not logged in', async () => {
    const url = await start();
    for (const path of ['/', '/api/v1/login', '/api/v1/me', '/healthz', '/nowhere']) {
      expect([path, (await running.get(path)).headers.get('set-cookie')]).toEqual([path, null]);
    }
    expect(await status(new Browser(), url)).toBe(401);
  });

  test('ends when nothing was asked for as long as configured, and in any case after its time', async () => {
    const url = await start({ auth: { ...auth, session: { idleMinutes: 10, hours: 1 } } });
    const { browser } = await logIn(url);
    vi.advanceTimersByTime(9 * 60_000);
    expect(await status(browser, url)).toBe(200);
    vi.advanceTimersByTime(10 * 60_000);
    expect(await status(browser, url)).toBe(401);
    const { browser: busy } = await logIn(url);
    for (let minutes = 0; minutes < 60; minutes += 5) {
      expect(await status(busy, url)).toBe(200);
      vi.advanceTimersByTime(5 * 60_000);
    }
    expect(await status(busy, url)).toBe(401);
  });

  test('ends by logging out, for whoever has kept its cookie too', async () => {
    const url = await start();
    const { browser, me, cookie } = await logIn(url);
    const response = await browser.fromPage(`${url}/api/v1/session`, 'DELETE', { csrf: me.csrf });
    expect([response.status, await response.json()]).toEqual([200, { goOn: null }]);
    expect(response.headers.get('set-cookie')).toMatch(
      /^truant-session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(browser.cookies(url).size).toBe(0);
    browser.cookies(url).set('truant-session', cookie);
    expect(await status(browser, url)).toBe(401);
  });

  test('does not count where Authorization is sent, right or wrong', async () => {
    const url = await start();
    const { browser } = await logIn(url);
    const ask = async (authorization: string) => browser.ask(`${url}/api/v1/me`, { headers: { authorization } });
    expect(await (await ask('Bearer viewer')).json()).toMatchObject({ name: 'viewer 1', by: 'token', csrf: null });
    for (const wrong of ['Bearer guess', 'Basic x', '']) expect((await ask(wrong)).status).toBe(401);
  });

  test('has a caller’s limits', async () => {
    const url = await start({ auth, limits: { requestsPerMinute: 3 } });
    const { browser } = await logIn(url, 'analyst');
    for (let n = 0; n < 3; n += 1) expect(await status(browser, url)).toBe(200);
    expect(await status(browser, url)).toBe(429);
    expect((await running.get('/metrics', { authorization: 'Bearer analyst' })).status).toBe(429);
    expect((await running.get('/metrics', { authorization: 'Bearer viewer' })).status).toBe(200);
  });
});

/** Browsers let no page set these; fetch of this process neither. */
function send(
  url: string,
  method: string,
  headers: http.OutgoingHttpHeaders,
  body?: string,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('what changes something', () => {
  const own = (url: string) => new URL(url).origin;

  test.each<[string, (url: string, csrf: string) => http.OutgoingHttpHeaders, number]>([
    ['its token, from its page', (url, csrf) => ({ origin: own(url), 'x-csrf-token': csrf }), 200],
    [
      'its token, from its origin as the browser says',
      (_url, csrf) => ({ 'sec-fetch-site': 'same-origin', 'x-csrf-token': csrf }),
      200,
    ],
    ['no token', (url) => ({ origin: own(url) }), 403],
    ['an empty token', (url) => ({ origin: own(url), 'x-csrf-token': '' }), 403],
    ['another token', (url) => ({ origin: own(url), 'x-csrf-token': 'x'.repeat(43) }), 403],
    ['two tokens', (url, csrf) => ({ origin: own(url), 'x-csrf-token': [csrf, csrf] }), 403],
    ['a token a little longer', (url, csrf) => ({ origin: own(url), 'x-csrf-token': `${csrf}x` }), 403],
    ['its token, and no word of where from', (_url, csrf) => ({ 'x-csrf-token': csrf }), 403],
    [
      'its token, from its origin that is not to be told',
      (_url, csrf) => ({ origin: 'null', 'sec-fetch-site': 'same-origin', 'x-csrf-token': csrf }),
      200,
    ],
    ['its token, from elsewhere', (_url, csrf) => ({ origin: 'https://evil.example', 'x-csrf-token': csrf }), 403],
    ['its token, from no origin', (_url, csrf) => ({ origin: 'null', 'x-csrf-token': csrf }), 403],
    ['its token, from another port', (_url, csrf) => ({ origin: 'http://127.0.0.1:1', 'x-csrf-token': csrf }), 403],
    [
      'its token, by another scheme',
      (url, csrf) => ({ origin: own(url).replace('http', 'https'), 'x-csrf-token': csrf }),
      403,
    ],
    [
      'its token, from another site',
      (url, csrf) => ({ origin: own(url), 'sec-fetch-site': 'cross-site', 'x-csrf-token': csrf }),
      403,
    ],
    ['its token, from a neighbour', (_url, csrf) => ({ 'sec-fetch-site': 'same-site', 'x-csrf-token': csrf }), 403],
    ['its token, typed in', (_url, csrf) => ({ 'sec-fetch-site': 'none', 'x-csrf-token': csrf }), 403],
  ])('by a session with %s', async (_what, headersFor, expected) => {
    const url = await start();
    const { browser, me, cookie } = await logIn(url);
    const headers = { cookie: `truant-session=${cookie}`, ...headersFor(url, me.csrf) };
    expect(await send(`${url}/api/v1/session`, 'DELETE', headers)).toBe(expected);
    expect(await status(browser, url)).toBe(expected === 200 ? 401 : 200);
  });

  test('by the token of another session is refused', async () => {
    const url = await start();
    const [one, other] = [await logIn(url), await logIn(url)];
    const response = await one.browser.fromPage(`${url}/api/v1/session`, 'DELETE', { csrf: other.me.csrf });
    expect(response.status).toBe(403);
  });

  test('is asked for no token where the request itself brings one', async () => {
    const url = await start();
    const headers = { authorization: 'Bearer analyst' };
    expect(await send(`${url}/api/v1/session`, 'DELETE', headers)).toBe(200);
    expect(await send(`${url}/api/v1/session`, 'DELETE', { ...headers, origin: 'https://evil.example' })).toBe(403);
  });

  test.each([
    ['a program', {}, 200],
    ['its own page', { origin: 'own' }, 200],
    ['the page of another', { origin: 'https://evil.example' }, 403],
    ['the page of another on this machine', { origin: 'http://localhost:8000' }, 403],
    ['a file or a frame in a sandbox', { origin: 'null' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('where nobody is asked who they are, by %s', async (_who, headers: Record<string, string>, expected) => {
    const url = await start({});
    const from = headers['origin'] === 'own' ? { origin: own(url) } : headers;
    expect(await send(`${url}/api/v1/session`, 'DELETE', from)).toBe(expected);
  });

  test.each([
    ['another page', { 'content-type': 'application/json', origin: 'https://evil.example' }, 403],
    ['another site', { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form that looks like JSON', { 'content-type': 'text/plain' }, 415],
    ['nothing that says what it is', {}, 415],
  ])('nobody is logged in by %s', async (_who, headers, expected) => {
    const url = await start();
    expect(await send(`${url}/api/v1/session`, 'POST', headers, JSON.stringify({ token: 'viewer' }))).toBe(expected);
  });

  test('is told of and counted when another page had it asked', async () => {
    const url = await start();
    const { browser } = await logIn(url);
    await browser.ask(`${url}/api/v1/session`, { method: 'DELETE', headers: { origin: 'https://evil.example' } });
    await browser.fromPage(`${url}/api/v1/session`, 'DELETE');
    const metrics = await (await browser.ask(`${url}/metrics`)).text();
    expect(metrics).toContain('truant_errors_total{component="identity",error_type="foreign-page"} 1');
    expect(metrics).toContain('truant_errors_total{component="identity",error_type="no-csrf-token"} 1');
  });
});

test('an answer that goes on can tell when its session is over', async () => {
  const caller: Person = { role: 'viewer', id: 'viewer 1', name: 'mia' };
  const identity = { identify: async () => caller, trouble: () => undefined } as unknown as Identity;
  const asked: FastifyRequest[] = [];
  const route = (fastify: FastifyInstance) =>
    void fastify.get('/goes-on', async (request) => {
      asked.push(request);
      return 'so far';
    });
  const server = createServer({ ...plainServer, identity, routes: [route] });
  running = { stop: () => server.component.stop() } as Running;
  await server.component.start();
  const { id, session } = plainServer.sessions.begin(caller, 'token');
  for (const headers of [{ cookie: `truant-session=${id}` }, { authorization: 'Bearer x' }]) {
    expect((await fetch(`${server.address()}/goes-on`, { headers })).status).toBe(200);
  }
  const areGood = () => asked.map((request) => request.server.door.stillGood(request));
  expect(areGood()).toEqual([true, true]);
  plainServer.sessions.end(session);
  expect(areGood()).toEqual([false, true]);
});
