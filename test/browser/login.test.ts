/** What only a real browser can show of logging in: which cookies it sends where, and what it says of where it comes from. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, runCollector } from '../collector/support/running.ts';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';
import { CLIENT, type Oidc, oidcIssuer, ROLES } from '../support/oidc.ts';
import { becauseNoBrowser, launch, visit, whyNoBrowser } from './support/chromium.ts';

/** From within a page, as its own scripts do. */
const ask = (
  page: Page,
  url: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Record<string, string> }> =>
  page.evaluate(
    async ([at, how]) => {
      const response = await fetch(at, how);
      return { status: response.status, body: (await response.json()) as Record<string, string> };
    },
    [url, init] as const,
  );

describe.skipIf(whyNoBrowser)(`logging in, in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;
  let collector: Running;
  let issuer: Oidc;
  let other: Listening;
  let folder: string;
  /** Another site than the issuer's, as names of hosts go. */
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truant-login-'));
    await writeFile(join(folder, 'secret'), CLIENT.secret);
    const port = await freePort();
    url = `http://localhost:${port}`;
    issuer = await oidcIssuer({ publicUrl: url });
    other = await listening((_request, response) => {
      response.setHeader('content-type', 'text/html');
      // A form can send what looks like JSON.
      const form = `<form method="post" enctype="text/plain" action="${url}/api/v1/session">`;
      response.end(`<!doctype html>${form}<input name='{"token":"' value='x"}'><button>Win</button></form>`);
    });
    const oidc = {
      issuer: issuer.url,
      clientId: CLIENT.id,
      clientSecretFile: join(folder, 'secret'),
      publicUrl: url,
      roles: ROLES,
    };
    collector = await runCollector({ listen: { port }, auth: { mode: 'token', oidc } });
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await collector?.stop();
    await Promise.all([issuer?.close(), other?.close()]);
    await rm(folder, { recursive: true });
  });

  it('leads through the issuer and back to where one was, with a session that the page can write by', async () => {
    const { page, context } = await visit(browser, []);
    await page.goto(`${url}/auth/login?to=/history`);
    await page.getByRole('button', { name: 'ana' }).click();
    await page.waitForURL(`${url}/history`);
    const me = await ask(page, '/api/v1/me');
    expect(me).toMatchObject({ status: 200, body: { name: 'ana', role: 'analyst', by: 'session' } });
    expect(await page.evaluate('document.cookie')).toBe('');
    const [cookie] = (await context.cookies(url)).filter(({ name }) => name.startsWith('truant-'));
    expect(cookie).toMatchObject({ name: 'truant-session', httpOnly: true, sameSite: 'Strict', expires: -1 });
    expect((await ask(page, '/api/v1/session', { method: 'DELETE' })).status).toBe(403);
    const headers = { 'x-csrf-token': me.body['csrf'] ?? '' };
    expect((await ask(page, '/api/v1/session', { method: 'DELETE', headers })).status).toBe(200);
    expect((await ask(page, '/api/v1/me')).status).toBe(401);
  });

  it('gives another site’s page nothing to use it by', async () => {
    const { page } = await visit(browser, []);
    await page.goto(`${url}/auth/login`);
    await page.getByRole('button', { name: 'ada' }).click();
    await page.waitForURL(`${url}/`);
    await page.goto(other.url);
    const asked = page.waitForResponse(`${url}/api/v1/session`);
    await page.getByRole('button').click();
    expect((await asked).status()).toBe(403);
    await page.goto(other.url);
    const refused = await page.evaluate(
      (at) => fetch(`${at}/api/v1/me`, { credentials: 'include' }).then(String, () => 'refused'),
      url,
    );
    expect(refused).toBe('refused');
    await page.goto(url);
    expect(await ask(page, '/api/v1/me')).toMatchObject({ body: { role: 'admin' } });
  });
});
