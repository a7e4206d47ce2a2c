import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, runCollector } from '../collector/support/running.ts';
import { violationsIn } from './support/accessibility.ts';
import { becauseNoBrowser, launch, visit, whyNoBrowser } from './support/chromium.ts';

describe.skipIf(whyNoBrowser)(`the page in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;
  let collector: Running;

  beforeAll(async () => {
    [browser, collector] = await Promise.all([launch(), runCollector()]);
  });

  afterAll(async () => {
    await browser?.close();
    await collector?.stop();
  });

  it('runs under its policy, and asks nobody else', async () => {
    const { page, strangers } = await visit(browser, [new URL(collector.url).host]);
    await page.goto(collector.url);
    await page.waitForSelector('#page > *');
    expect(await violationsIn(page)).toEqual([]);
    expect(strangers).toEqual([]);
  });
});
