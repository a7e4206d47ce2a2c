/** Whatever an attacker calls things, the page shows it as text. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertsPage } from '../../collector/query/schemas/alerts.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import type { TokenUse } from '../../shared/schema/observation.ts';
import { read, tokenFile, use } from '../collector/support/make.ts';
import { batch, type Running, runCollector } from '../collector/support/running.ts';
import { becauseNoBrowser, launch, type Visit, visit, whyNoBrowser } from './support/chromium.ts';

const MARKUP = '<img src=x onerror="window.hit = 1"><script>window.hit = 2</script>{{hit}}${hit}';
const POD = {
  namespace: '<b>shop</b>',
  name: `"><svg onload=window.hit=3>`,
  uid: '0e3c9f86-5a63-4f5e-9d5c-6f8f4a1f0c11',
};
const PRINCIPAL = 'system:serviceaccount:<i>shop</i>:<img src=x onerror=window.hit=4>';
const CREDENTIAL = `JTI=<img src=x onerror=window.hit=5>/../'"\u202e`;
const binding = { pod: POD, node: { name: MARKUP } };

const stolen = (n: number): TokenUse => ({
  ...use(n, {
    principal: PRINCIPAL,
    credential: CREDENTIAL,
    binding,
    source: '203.0.113.9',
    request: {
      userAgent: MARKUP,
      name: MARKUP,
      uri: `/api/${MARKUP}`,
      namespace: MARKUP,
      resource: 'javascript:alert(1)',
    },
  }),
  auditID: MARKUP,
  whereabouts: {
    inventory: 'live',
    network: 'public',
    holders: [],
    home: { pod: 'known', hostNetwork: false, addresses: ['10.244.0.7'], node: MARKUP, nodeAddresses: ['10.0.0.1'] },
  },
});

const reading = read(1, {
  principal: PRINCIPAL,
  credential: { id: CREDENTIAL, kind: 'projected' },
  binding,
  opener: {
    relation: 'host',
    pid: 1,
    comm: '<img src=x onerror=1>',
    exe: MARKUP,
    args: [MARKUP],
    uids: [0, 0, 0, 0],
    namespaces: {},
    lineage: [],
    actor: '1@1',
  },
});

describe.skipIf(whyNoBrowser)(`hostile text in the page, in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;
  let collector: Running;
  let at: Visit;
  let views: string[];

  beforeAll(async () => {
    collector = await runCollector({}, { newCorrelator: (cluster) => new Correlator({ cluster }) });
    const file = tokenFile(0, { principal: PRINCIPAL, credential: { id: CREDENTIAL, kind: 'projected' }, binding });
    await collector.post(batch(0, [file, reading, ...[2, 3, 4].map(stolen)]));
    const { items }: AlertsPage = await collector.json('/api/v1/alerts');
    const [alert] = items;
    views = [
      '/',
      `/alerts/${encodeURIComponent(alert?.cluster ?? '')}/${alert?.id}`,
      '/history',
      `/history?${new URLSearchParams({ principal: PRINCIPAL, userAgent: MARKUP }).toString()}`,
      `/credentials/${encodeURIComponent(CREDENTIAL)}`,
      '/fleet',
      '/exceptions',
      `/rules/${encodeURIComponent(MARKUP)}`,
      `/?q=${encodeURIComponent(MARKUP)}`,
    ];
    browser = await launch();
    at = await visit(browser, [new URL(collector.url).host]);
  });

  afterAll(async () => {
    await browser?.close();
    await collector?.stop();
  });

  it('is text in every view, and runs in none', async () => {
    const { items }: AlertsPage = await collector.json('/api/v1/alerts');
    expect(items.map(({ principal }) => principal)).toEqual([PRINCIPAL]);
    const { page } = at;
    let shown = '';
    for (const view of views) {
      await page.goto(collector.url + view);
      await page.waitForSelector('main h1, main .state');
      await page.waitForLoadState('networkidle');
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      const raw = page.getByRole('button', { name: /^(Raw|Show the observation)/ });
      for (let left = await raw.count(); left > 0; left -= 1) await raw.first().click();
      await page.waitForLoadState('networkidle');
      shown += await page.locator('main').innerText();
      expect([view, await page.evaluate('window.hit')]).toEqual([view, undefined]);
      expect([
        view,
        await page.locator('main img, main script, main [onerror], a[href^="javascript:"]').count(),
      ]).toEqual([view, 0]);
    }
    expect(shown).toContain('<img src=x onerror=window.hit=4>');
    expect(shown).toContain(MARKUP);
    expect(shown).toContain('\\u{202e}');
    expect(shown).not.toContain('\u202e');
  }, 90_000);

  it('had the page ask nobody else', () => {
    expect(at.strangers).toEqual([]);
    expect(at.errors.filter((error) => !error.includes('404'))).toEqual([]);
  });
});
