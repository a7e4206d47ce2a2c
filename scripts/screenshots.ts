/**
 * `npm run screenshots` takes docs/images anew: each view of the page, light and dark, of a recorded theft that is played
 * through agent and collector.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** From dist/scripts/. */
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const FOLDER = at('docs/images');
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
const SPEED = '60';

interface Shot {
  name: string;
  /** All of it, however long. */
  fullPage?: true;
  /** From the page of the alerts on. */
  go(page: Page): Promise<void>;
}

const openAlert = (page: Page): Promise<void> =>
  page
    .getByRole('link', { name: /read by/ })
    .first()
    .click();
const openView = (name: string) => (page: Page) => page.getByRole('link', { name, exact: true }).click();

const SHOTS: readonly Shot[] = [
  { name: 'alerts', go: async () => undefined },
  { name: 'alert', go: openAlert },
  { name: 'history', go: openView('History') },
  {
    name: 'credential',
    go: async (page) => {
      await openAlert(page);
      await page.locator('a[href^="/credentials/"]').first().click();
    },
  },
  { name: 'fleet', go: openView('Fleet') },
  {
    name: 'outputs',
    fullPage: true,
    go: async (page) => {
      await page.getByRole('link', { name: /^Outputs/ }).click();
      await page.getByText('It does not take this alert.').first().waitFor();
    },
  },
  { name: 'rules', go: openView('Rules') },
  { name: 'exceptions', go: openView('Exceptions') },
  { name: 'reference', go: openView('API') },
  {
    // A demo asks nobody who they are: what a collector that does would say is put in its place.
    name: 'login',
    go: async (page) => {
      const body = { oidc: { label: 'Log in with example.org' }, token: true };
      await page.route('**/api/v1/me', (route) => route.fulfill({ status: 401, json: {} }));
      await page.route('**/api/v1/login', (route) => route.fulfill({ json: body }));
      await page.reload();
    },
  },
];
/** Of these there is a narrow one too. */
const ALSO_NARROW = ['alerts', 'alert', 'history'];

const scratch = await mkdtemp(join(tmpdir(), 'truant-screenshots-'));
const refusing = createServer((_request, response) => response.writeHead(400).end('invalid_blocks')).listen(
  0,
  '127.0.0.1',
);
await once(refusing, 'listening');
const config = join(scratch, 'truant.yaml');
await writeFile(config, JSON.stringify({ collector: { outputs: outputs() } }));
const args = ['start', '--demo', '--speed', SPEED, '--port', '0', '--config', config];
const demo = spawn(process.execPath, [at('bin/truant.js'), ...args]);
try {
  const address = await ended();
  await mkdir(FOLDER, { recursive: true });
  await makeException(address);
  const browser = await chromium.launch({
    executablePath: process.env['TRUANT_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const shot of SHOTS) await take(browser, address, { ...shot, colorScheme, viewport: WIDE, suffix: '' });
  }
  for (const shot of SHOTS.filter(({ name }) => ALSO_NARROW.includes(name))) {
    await take(browser, address, { ...shot, colorScheme: 'light', viewport: NARROW, suffix: '-narrow' });
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
  refusing.close();
  await rm(scratch, { recursive: true });
}

/** One that delivers, one that is refused, and one whose other side is down. */
function outputs(): object {
  const { port } = refusing.address() as AddressInfo;
  return {
    archive: { file: { path: join(scratch, 'alerts.ndjson') } },
    chat: { format: 'slack', webhook: { url: `http://127.0.0.1:${port}/` } },
    siem: { syslog: { address: '127.0.0.1:6514' } },
  };
}

/** @returns the collector's address, once the recording has been played */
function ended(): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    demo.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const address = /Collector at (\S+)/.exec(out)?.[1];
      if (address !== undefined && out.includes('goes on answering')) resolve(address);
    });
    demo.on('exit', () => reject(new Error(`the demo ended: ${out}`)));
  });
}

/** Something that is not to be told of again, so that there is one to be seen. */
async function makeException(address: string): Promise<void> {
  const response = await fetch(`${address}/api/v1/exceptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      rule: 'token-minted-by-non-kubelet',
      principal: 'system:serviceaccount:ci:runner',
      source: '10.10.0.0/24',
      reason: 'The runner asks for its own tokens.',
    }),
  });
  if (!response.ok) throw new Error(await response.text());
}

interface How extends Shot {
  colorScheme: 'light' | 'dark';
  viewport: { width: number; height: number };
  suffix: string;
}

async function take(browser: Browser, address: string, how: How): Promise<void> {
  const { name, go, colorScheme, viewport, suffix, fullPage = false } = how;
  const context = await browser.newContext({ colorScheme, viewport, locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  // That some are in trouble is for their own picture.
  if (name !== 'outputs') await page.route('**/api/v1/outputs', (route) => route.fulfill({ json: { items: [] } }));
  await page.goto(address);
  await page
    .getByRole('link', { name: /read by/ })
    .first()
    .waitFor();
  await go(page);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${FOLDER}/${name}-${colorScheme}${suffix}.png`, fullPage });
  await context.close();
  console.log(`${name}-${colorScheme}${suffix}.png`);
}
