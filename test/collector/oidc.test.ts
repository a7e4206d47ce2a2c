/** Logging in at an issuer: a real one, over real HTTP. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { freePorts } from '../support/free-ports.ts';
import { CLIENT, type Oidc, oidcIssuer, ROLES } from '../support/oidc.ts';
import { Browser } from './support/browser.ts';
import { type Running, runCollector } from './support/running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

let folder: string;
let oidc: Oidc;
let running: Running;
let url: string;
let logged = '';
const log = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    logged += chunk.toString();
    done();
  },
});

async function collectorAt(port: number, issuer: string, more: object = {}): Promise<Running> {
  const section = {
    issuer,
    clientId: CLIENT.id,
    clientSecretFile: path.join(folder, 'secret'),
    publicUrl: `http://127.0.0.1:${port}`,
    label: 'Log in with Test',
    roles: ROLES,
    ...more,
  };
  const config = { listen: { port }, auth: { mode: 'token', oidc: section }, limits: { failuresPerMinute: 1000 } };
  return runCollector(config, { logger: createLogger({ level: 'trace' }, log) });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-oidc-'));
  await writeFile(path.join(folder, 'secret'), `${CLIENT.secret}\n`);
  const [port = 0] = await freePorts(1);
  oidc = await oidcIssuer({ publicUrl: `http://127.0.0.1:${port}` });
  running = await collectorAt(port, oidc.url, { logoutAtIssuer: true });
  url = running.url;
});
afterAll(async () => {
  await running.stop();
  await oidc.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  oidc.says = undefined;
  oidc.forged = false;
});

const whoIs = async (browser: Browser) => {
  const response = await browser.ask(`${url}/api/v1/me`);
  return response.status === 200 ? ((await response.json()) as Record<string, unknown>) : response.status;
};

async function expectNobody(browser: Browser, response: { status: number; text(): Promise<string> }, detail: RegExp) {
  const text = await response.text();
  expect(text).toContain('You are not logged in');
  expect(text).toMatch(detail);
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect([...browser.cookies(url).keys()]).toEqual([]);
  expect(await whoIs(browser)).toBe(401);
}

describe('somebody', () => {
  test.each([
    ['vic', 'viewer', 'vic', { act: false, admin: false }],
    ['ana', 'analyst', 'ana', { act: true, admin: false }],
    ['ada', 'admin', 'ada@example.org', { act: true, admin: true }],
  ])('%s is let in as %s', async (user, role, name, may) => {
    const browser = new Browser();
    const page = await browser.logIn(url, user, '/auth/login?to=/history%3Fsince=1%23now');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('content="0; url=/history?since=1#now"');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await whoIs(browser)).toMatchObject({
      name,
      role,
      may,
      by: 'session',
      csrf: expect.stringMatching(/^.{43}$/),
    });
    expect([...browser.cookies(url).keys()]).toEqual(['truant-session']);
    expect(logged).toContain(`"who":"${name}","role":"${role}","by":"issuer"`);
  });

  test('whose groups are in the id token needs no more to be asked', async () => {
    oidc.says = (claims) => ({ ...claims, groups: ['soc'], preferred_username: 'told' });
    const browser = new Browser();
    await browser.logIn(url, 'vic');
    expect(await whoIs(browser)).toMatchObject({ name: 'told', role: 'analyst' });
  });

  test('who calls themselves Truant is called otherwise', async () => {
    oidc.says = (claims) => ({ ...claims, groups: ['soc'], preferred_username: 'Truant' });
    const browser = new Browser();
    await browser.logIn(url, 'vic');
    expect(await whoIs(browser)).toMatchObject({ name: 'sub vic' });
  });

  test('of no group that counts is told so, and not let in', async () => {
    const browser = new Browser();
    const response = await browser.logIn(url, 'nik');
    expect(response.status).toBe(403);
    await expectNobody(browser, response, /nik is in none of the groups/);
  });

  test('who refuses at the issuer is not let in, and the issuer has no say in what is shown', async () => {
    const browser = new Browser();
    const response = await browser.logIn(url, 'somebody-else');
    await expectNobody(browser, response, /^(?!.*<b>no).*access_denied/s);
  });

  test('logs out, and is led on to the issuer', async () => {
    const browser = new Browser();
    await browser.logIn(url, 'vic');
    const { csrf } = (await whoIs(browser)) as { csrf: string };
    const cookie = browser.cookies(url).get('truant-session') ?? '';
    const response = await browser.fromPage(`${url}/api/v1/session`, 'DELETE', { csrf });
    const { goOn } = (await response.json()) as { goOn: string };
    expect(goOn).toBe(
      `${oidc.url}/session/end?post_logout_redirect_uri=${encodeURIComponent(`${url}/`)}&client_id=${CLIENT.id}`,
    );
    expect(await whoIs(browser)).toBe(401);
    browser.cookies(url).set('truant-session', cookie);
    expect(await whoIs(browser)).toBe(401);
    expect((await browser.ask(goOn)).status).toBe(200);
  });

  test('is told how to log in', async () => {
    const answer = await (await new Browser().ask(`${url}/api/v1/login`)).json();
    expect(answer).toEqual({ oidc: { label: 'Log in with Test' }, token: false });
  });
});

describe('what is begun', () => {
  test('has a cookie that only a browser reads, and PKCE, state and nonce that are new each time', async () => {
    const seen = new Set<string>();
    for (let n = 0; n < 3; n += 1) {
      const response = await new Browser().ask(`${url}/auth/login`);
      expect(response.headers.get('set-cookie')).toMatch(
        /^truant-login=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      const to = new URL(response.headers.get('location') ?? '');
      expect(to.origin).toBe(oidc.url);
      expect(Object.fromEntries(to.searchParams)).toMatchObject({
        response_type: 'code',
        client_id: CLIENT.id,
        redirect_uri: `${url}/auth/callback`,
        scope: 'openid profile email groups',
        code_challenge_method: 'S256',
      });
      for (const name of ['state', 'nonce', 'code_challenge']) seen.add(to.searchParams.get(name) ?? '');
    }
    expect(seen.size).toBe(9);
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    'evil.example',
    '',
  ])('never leads elsewhere: %j', async (to) => {
    const browser = new Browser();
    const response = await browser.ask(`${url}/auth/login?to=${encodeURIComponent(to)}`);
    expect(response.status).toBe(400);
    await expectNobody(browser, response, /to must be a path of the collector/);
  });

  test('keeps no path that is longer than a cookie may be', async () => {
    expect((await new Browser().ask(`${url}/auth/login?to=/${'x'.repeat(1499)}`)).status).toBe(302);
    expect((await new Browser().ask(`${url}/auth/login?to=/${'x'.repeat(1500)}`)).status).toBe(400);
  });

  test('leads back to text, whatever it has in it', async () => {
    const path = '/history?q="><img src=x onerror=alert(1)>';
    const page = await new Browser().logIn(
      url,
      'vic',
      `/auth/login?to=${encodeURIComponent(path.replace(/ /g, '%20'))}`,
    );
    const text = await page.text();
    expect(text).toContain('url=/history?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"');
    expect(text).not.toContain('<img');
  });
});

describe('what comes back is refused', () => {
  test('with another state', async () => {
    const browser = new Browser();
    const back = new URL(await browser.toCallback(url, 'ana'));
    back.searchParams.set('state', 'x'.repeat(43));
    await expectNobody(browser, await browser.ask(back.href), /What came back is not right/);
  });

  test('in another browser, as with somebody else’s code', async () => {
    const victim = new Browser();
    const back = await new Browser().toCallback(url, 'ana');
    await expectNobody(victim, await victim.ask(back), /not begun in this browser/);
    // Nor where a login of its own is under way.
    await victim.ask(`${url}/auth/login`);
    await expectNobody(victim, await victim.ask(back), /What came back is not right/);
  });

  test('a second time', async () => {
    const browser = new Browser();
    const back = await browser.toCallback(url, 'ana');
    const cookie = browser.cookies(url).get('truant-login') ?? '';
    expect((await browser.ask(back)).status).toBe(200);
    browser.cookies(url).delete('truant-session');
    await expectNobody(browser, await browser.ask(back), /not begun in this browser/);
    // Even by whoever has kept the cookie: the issuer gives nothing for a code twice.
    browser.cookies(url).set('truant-login', cookie);
    await expectNobody(browser, await browser.ask(back), /does not take the code: invalid_grant/);
  });

  test.each<[string, NonNullable<Oidc['says']>]>([
    ['another nonce', (claims) => ({ ...claims, nonce: 'another' })],
    ['another audience', (claims) => ({ ...claims, aud: 'another-client' })],
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['an end that is over', (claims) => ({ ...claims, exp: 1_000_000_000 })],
    ['nobody', ({ sub: _sub, ...claims }) => claims],
  ])('with an id token of %s', async (_what, says) => {
    const browser = new Browser();
    const back = await browser.toCallback(url, 'ana');
    oidc.says = says;
    await expectNobody(browser, await browser.ask(back), /What came back is not right/);
  });

  test('with an id token that another key has signed', async () => {
    const browser = new Browser();
    const back = await browser.toCallback(url, 'ana');
    oidc.forged = true;
    await expectNobody(browser, await browser.ask(back), /What came back is not right/);
  });

  test.each(['', '?', '?code=x', '?code=x&state=y', '?error=%3Cscript%3E', '?code=a&code=b&state=c&state=d'])(
    'with nothing that is right: %j',
    async (query) => {
      const browser = new Browser();
      await browser.ask(`${url}/auth/login`);
      const response = await browser.ask(`${url}/auth/callback${query}`);
      await expectNobody(browser, response, /^(?!.*<script).*(not right|refused it)/s);
    },
  );

  test('with a cookie that was made up or changed', async () => {
    const browser = new Browser();
    const back = await browser.toCallback(url, 'ana');
    const cookie = browser.cookies(url).get('truant-login') ?? '';
    for (const changed of ['x', `${cookie.slice(0, -4)}AAAA`, '..', `e30.${cookie.slice(cookie.indexOf('.') + 1)}`]) {
      browser.cookies(url).set('truant-login', changed);
      await expectNobody(browser, await browser.ask(back), /not begun in this browser/);
    }
  });
});

test('a session that somebody had put there is ended by logging in', async () => {
  const [attacker, victim] = [new Browser(), new Browser()];
  await attacker.logIn(url, 'vic');
  const planted = attacker.cookies(url).get('truant-session') ?? '';
  victim.cookies(url).set('truant-session', planted);
  await victim.logIn(url, 'ada');
  expect(victim.cookies(url).get('truant-session')).not.toBe(planted);
  expect(await whoIs(victim)).toMatchObject({ role: 'admin' });
  expect(await whoIs(attacker)).toBe(401);
});

test('while the issuer is down the collector runs, says so, and lets people in once it is back', async () => {
  const [port = 0, issuerPort = 0] = await freePorts(2);
  const away = await collectorAt(port, `http://127.0.0.1:${issuerPort}`);
  const status = async () => {
    const issuer = away.collector.components.find(({ name }) => name === 'issuer');
    return issuer?.status();
  };
  const browser = new Browser();
  const response = await browser.ask(`${away.url}/auth/login`);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(await response.text()).toMatch(/The issuer can&#39;t be asked at the moment/);
  expect(await status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('Nobody can log in at') });
  expect((await browser.ask(`${away.url}/readyz`)).status).toBe(200);
  const back = await oidcIssuer({ publicUrl: away.url, claimsInIdToken: true }, issuerPort);
  try {
    away.timers.fire();
    await expect.poll(status).toEqual({ state: 'running' });
    expect((await browser.logIn(away.url, 'ana')).status).toBe(200);
  } finally {
    await away.stop();
    await back.close();
  }
});

test('neither the log nor the metrics show a code, a token or a secret', async () => {
  const browser = new Browser();
  const back = await browser.toCallback(url, 'ana');
  await browser.ask(back);
  const { csrf } = (await whoIs(browser)) as { csrf: string };
  const session = browser.cookies(url).get('truant-session') ?? '';
  await browser.ask(back);
  const metrics = await (await browser.ask(`${url}/metrics`)).text();
  expect(metrics).toMatch(/truant_errors_total\{component="identity",error_type="login-wrong"\} [1-9]/);
  expect(metrics).toMatch(/truant_errors_total\{component="identity",error_type="no-role"\} 1/);
  expect(metrics).toMatch(/truant_received_total\{component="sessions"\} [1-9]/);
  const told = [...logged.matchAll(/"reason":"([a-z-]+)"/g)].map(([, reason]) => reason);
  expect(new Set(told)).toEqual(new Set(['no-role', 'login-refused', 'login-wrong', 'login-unknown', 'unavailable']));
  const everything = logged + metrics;
  const { searchParams } = new URL(back);
  for (const secret of [
    searchParams.get('code'),
    searchParams.get('state'),
    csrf,
    session,
    CLIENT.secret,
    hash(session),
  ]) {
    expect(secret).toMatch(/.{10}/);
    expect(everything).not.toContain(secret);
  }
  expect(everything).not.toMatch(/eyJ[\w-]{10}/);
});
