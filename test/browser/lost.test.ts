/** What whoever looks on is told when the collector goes away under the page. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCollector } from '../collector/support/running.ts';
import { freePort } from '../support/free-ports.ts';
import { becauseNoBrowser, launch, visit, whyNoBrowser } from './support/chromium.ts';

describe.skipIf(whyNoBrowser)(`a collector that goes away, in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser?.close());

  it('is told of where one is, and in views that can not be fetched any more', async () => {
    const port = await freePort();
    const collector = await runCollector({ listen: { port } });
    const { page } = await visit(browser, []);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    expect(await page.getByText('No live connection to the collector').count()).toBe(0);
    await collector.stop();
    await page.getByRole('alert').getByText('No live connection to the collector').waitFor();
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByText('This view could not be fetched.').waitFor();
    await page.getByRole('button', { name: 'Reload the page' }).waitFor();
  });
});
