/** An output whose other side is down, then refuses what it is sent, then takes it: what the page says, and does about it. */
import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyInterval } from '../../collector/every.ts';
import { wallClock } from '../../shared/time.ts';
import { use } from '../collector/support/make.ts';
import { batch, type Running, runCollector } from '../collector/support/running.ts';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';
import { violationsIn } from './support/accessibility.ts';
import { becauseNoBrowser, launch, type Visit, visit, whyNoBrowser } from './support/chromium.ts';

describe.skipIf(whyNoBrowser)(`outputs on the page, in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;
  let collector: Running;
  let at: Visit;
  let page: Page;
  let port: number;
  let receiver: Listening | undefined;
  /** What the receiver answers. */
  let status = 400;
  let received = 0;

  beforeAll(async () => {
    port = await freePort();
    collector = await runCollector(
      { outputs: { siem: { webhook: { url: `http://127.0.0.1:${port}/alerts` } } } },
      { clock: wallClock, every: everyInterval },
    );
    browser = await launch();
    at = await visit(browser, [new URL(collector.url).host], { viewport: { width: 1280, height: 800 } });
    page = at.page;
    page.setDefaultTimeout(60_000);
  });

  afterAll(async () => {
    await browser?.close();
    await collector?.stop();
    await receiver?.close();
  });

  const receive = () =>
    listening(
      (request, response) => {
        void (async () => {
          request.resume();
          await once(request, 'end');
          if (status === 200) received += 1;
          response.writeHead(status).end();
        })();
      },
      undefined,
      port,
    );
  const card = () => page.getByRole('region', { name: 'siem' });
  const letters = () => page.getByRole('region', { name: 'Dead letters' });

  it('that does not deliver says why and what to do, and so does the navigation', async () => {
    await collector.post(batch(0, [use(0, { source: '203.0.113.9', time: wallClock.now() })]));
    await page.goto(collector.url);
    await page.getByRole('link', { name: /^Outputs/ }).click();
    await card().getByText('retrying', { exact: true }).waitFor();
    await card().getByText('Nobody answers there.').waitFor();
    await card()
      .getByText(/The next attempt is at/)
      .waitFor();
    await page.getByRole('link', { name: 'Outputs 1 in trouble' }).waitFor();
    await card().getByRole('button', { name: 'Send a test alert to siem' }).click();
    await card().getByText('It did not arrive.', { exact: false }).waitFor();
    expect(await violationsIn(page)).toEqual([]);
  }, 90_000);

  it('that is refused for good has a dead letter', async () => {
    receiver = await receive();
    await letters().getByRole('link', { name: 'Token used away from its pod' }).waitFor();
    await letters().getByText('It does not take this alert.').waitFor();
    await card().getByText('well', { exact: true }).waitFor();
    expect(received).toBe(0);
    expect(await violationsIn(page)).toEqual([]);
  }, 90_000);

  it('is sent it again once it takes it, and then it is gone', async () => {
    status = 200;
    await card().getByRole('button', { name: 'Send a test alert to siem' }).click();
    await card().getByText('It has arrived', { exact: false }).waitFor();
    await letters()
      .getByRole('button', { name: /^Send again to siem/ })
      .click();
    await letters().getByText('1 alert will be sent to siem again.').waitFor();
    await letters().getByText('There are none.').waitFor();
    await page.getByRole('link', { name: 'Outputs', exact: true }).waitFor();
    expect(received).toBe(2);
  }, 90_000);

  it('had no error on the console, and asked nobody but the collector', () => {
    expect(at.errors).toEqual([]);
    expect(at.strangers).toEqual([]);
  });
});
