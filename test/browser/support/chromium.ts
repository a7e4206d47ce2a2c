/** A real Chromium, and what it did that no page of ours may do. */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const found = process.env['TRUANT_TEST_CHROMIUM'] ?? PLACES.find((place) => existsSync(place));

/** Where continuous integration has installed one, its absence is a failure. */
export const whyNoBrowser: string | undefined =
  found !== undefined || process.env['TRUANT_TEST_BROWSER'] !== undefined
    ? undefined
    : 'there is no Chromium; install it, or name it in TRUANT_TEST_CHROMIUM';
export const becauseNoBrowser = whyNoBrowser === undefined ? '' : ` (skipped: ${whyNoBrowser})`;

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: found ?? PLACES[0] ?? '',
    // Chromium refuses its sandbox to root.
    args: userInfo().uid === 0 ? ['--no-sandbox'] : [],
  });

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Errors on the console, and of scripts. */
  errors: string[];
  /** Requests to other hosts than those that were allowed. */
  strangers: string[];
}

/** @param hosts that may be asked, as `127.0.0.1:7117` */
export async function visit(browser: Browser, hosts: string[], options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const strangers: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (['data:', 'blob:'].includes(url.protocol)) return;
    if (!hosts.includes(url.host)) strangers.push(request.url());
  });
  return { context, page, errors, strangers };
}
