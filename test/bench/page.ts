/** How soon the page can be used: from its address to the first alert that can be clicked on, on loopback. */
import type { Browser } from 'playwright-core';
import { launch, whyNoBrowser } from '../browser/support/chromium.ts';
import { playTheft } from '../browser/support/theft.ts';

const LOADS = 20;
const SPEED = 100;

export async function benchPage(): Promise<string[]> {
  const heading = 'page: a recorded theft';
  if (whyNoBrowser !== undefined) return [`${heading}, left out: ${whyNoBrowser}`];
  const theft = await playTheft(SPEED);
  const browser = await launch();
  try {
    await theft.played;
    const usable: number[] = [];
    const bare: number[] = [];
    let bytes = 0;
    for (let n = 0; n < LOADS; n += 1) {
      bare.push((await load(browser, `${theft.url}/healthz`, 'body')).ms);
      const loaded = await load(browser, theft.url, 'a[href^="/alerts/"]');
      usable.push(loaded.ms);
      bytes = loaded.bytes;
    }
    const [page, none] = [quantile(usable, 0.5), quantile(bare, 0.5)];
    return [
      heading,
      `  usable after    median ${page.toFixed(0)} ms, p95 ${quantile(usable, 0.95).toFixed(0)} ms (goal: below 1000), ` +
        `${(page / none).toFixed(1)} x a few words of JSON (${none.toFixed(0)} ms)`,
      `  came over       ${(bytes / 1024).toFixed(0)} KB for it, nothing kept from before`,
    ];
  } finally {
    await browser.close();
    await theft.stop();
  }
}

/** With nothing kept from before. */
async function load(browser: Browser, url: string, until: string): Promise<{ ms: number; bytes: number }> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    let bytes = 0;
    page.on('requestfinished', (request) => {
      void request.sizes().then(
        ({ responseBodySize, responseHeadersSize }) => {
          bytes += responseBodySize + responseHeadersSize;
        },
        () => undefined,
      );
    });
    const started = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForSelector(until);
    return { ms: performance.now() - started, bytes };
  } finally {
    await context.close();
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
