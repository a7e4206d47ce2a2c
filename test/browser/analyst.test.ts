/** An analyst's night: a theft appears, is read, looked after, closed, searched and exported, in a real browser. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertAnswer, AlertsPage, ExceptionsAnswer } from '../../collector/query/schemas/alerts.ts';
import type { HistoryPage } from '../../collector/query/schemas/history.ts';
import { violationsIn } from './support/accessibility.ts';
import { becauseNoBrowser, launch, type Visit, visit, whyNoBrowser } from './support/chromium.ts';
import { playTheft, type Theft } from './support/theft.ts';

const THIEF = '10.10.0.66';
const PRINCIPAL = 'system:serviceaccount:shop:inventory';

describe.skipIf(whyNoBrowser)(`an analyst at the page, in Chromium${becauseNoBrowser}`, () => {
  let browser: Browser;
  let theft: Theft;
  let at: Visit;
  let page: Page;

  beforeAll(async () => {
    [browser, theft] = await Promise.all([launch(), playTheft(30)]);
    at = await visit(browser, [theft.host], { viewport: { width: 1280, height: 800 } });
    page = at.page;
    page.setDefaultTimeout(60_000);
  });

  afterAll(async () => {
    await browser?.close();
    await theft?.stop();
  });

  const api = async <T>(path: string): Promise<T> => (await fetch(theft.url + path)).json() as Promise<T>;
  const theAlert = async (): Promise<AlertAnswer> => {
    const { items } = await api<AlertsPage>('/api/v1/alerts');
    const found = items.find(({ principal }) => principal === PRINCIPAL);
    return api<AlertAnswer>(`/api/v1/alerts/${found?.id}`);
  };
  const card = (name: string | RegExp) => page.getByRole('region', { name });

  it('sees the theft appear, without loading the page again', async () => {
    await page.goto(theft.url);
    await page.evaluate('window.loadedOnce = true');
    await page.getByRole('heading', { name: 'Alerts' }).waitFor();
    await page.getByRole('link', { name: /Token read by a stranger, then used by one/ }).waitFor();
    await page.getByText('critical', { exact: true }).first().waitFor();
    expect(await page.evaluate('window.loadedOnce')).toBe(true);
    expect(await violationsIn(page)).toEqual([]);
  }, 90_000);

  it('filters as they type, and the address says how', async () => {
    await theft.played;
    const box = page.getByLabel('Filter alerts');
    await box.fill('nobody-of-that-name');
    await page.getByRole('link', { name: /Token read by a stranger/ }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('q')).toBe('nobody-of-that-name');
    await box.fill('inventory');
    await page.getByRole('link', { name: /Token read by a stranger/ }).waitFor();
  }, 90_000);

  it('reads the story, the path, the evidence and how to end it', async () => {
    await page.getByRole('link', { name: /Token read by a stranger/ }).click();
    await page.getByRole('heading', { level: 1, name: /Token read by a stranger, then used by one/ }).waitFor();
    const alert = await theAlert();
    const story = await card('The story').innerText();
    for (const { sentence } of alert.story) expect(story).toContain(sentence);
    const path = card('The path');
    expect(await path.innerText()).toContain(THIEF);
    expect(await path.locator('svg').count()).toBeGreaterThan(0);
    expect(await card('End it').innerText()).toContain(alert.actions[0]?.command);
    const [observation] = alert.evidence.filter(({ kind }) => kind === 'use');
    await card(/^Evidence/)
      .getByRole('button')
      .first()
      .click();
    await card(/^Evidence/)
      .getByText(/"kind":/)
      .first()
      .waitFor();
    expect(observation?.source).toBe(THIEF);
    expect(await violationsIn(page)).toEqual([]);
  }, 90_000);

  it('acknowledges it, and what they did is kept', async () => {
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('acknowledged', { exact: true }).first().waitFor();
    const { status, activity } = await theAlert();
    expect(status).toBe('acknowledged');
    expect(activity.map(({ action, by }) => ({ action, by }))).toEqual([{ action: 'acknowledge', by: 'anybody' }]);
  });

  it('closes it as a false positive, never to be told again', async () => {
    await page.getByRole('button', { name: /^Close/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/false positive/i).check();
    await dialog.getByLabel(/note/i).first().fill('A drill <img src=x onerror=alert(1)>');
    for (const box of await dialog.getByRole('checkbox').all()) await box.check();
    expect(await violationsIn(page)).toEqual([]);
    await dialog
      .getByRole('button', { name: /^Close/ })
      .last()
      .click();
    await page.getByText('closed', { exact: true }).first().waitFor();
    const { status, resolution } = await theAlert();
    expect({ status, reason: resolution?.reason }).toEqual({ status: 'closed', reason: 'false-positive' });
    await page.getByText('A drill <img src=x onerror=alert(1)>').first().waitFor();
  });

  it('is not told of the next like it, which is counted; another is told', async () => {
    const before = (await api<AlertsPage>('/api/v1/alerts')).items.length;
    await theft.again(THIEF);
    await expect
      .poll(
        async () => {
          const { items } = await api<ExceptionsAnswer>('/api/v1/exceptions');
          return items.reduce((sum, { suppressed }) => sum + suppressed, 0);
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
    expect((await api<AlertsPage>('/api/v1/alerts')).items).toHaveLength(before);
    expect((await theAlert()).status).toBe('closed');

    await page.getByRole('link', { name: 'Exceptions', exact: true }).click();
    await page.getByRole('heading', { name: 'Exceptions' }).waitFor();
    await page.getByText(THIEF).first().waitFor();
    expect(await violationsIn(page)).toEqual([]);

    await page.getByRole('link', { name: 'Alerts', exact: true }).click();
    await page.getByText('There are no alerts to look after.').waitFor();
    await theft.again('203.0.113.7');
    await page.getByText('203.0.113.7').first().waitFor();
    expect((await theAlert()).status).toBe('open');
    expect(await page.evaluate('window.loadedOnce')).toBe(true);
  }, 90_000);

  it('searches the history by address, brushes the histogram and exports what is left', async () => {
    await page.getByRole('link', { name: 'History', exact: true }).click();
    const search = page.getByRole('searchbox').or(page.locator('#history-search')).first();
    await search.fill(THIEF);
    await search.press('Enter');
    await page.getByRole('button', { name: 'Remove the filter Source' }).waitFor();
    expect(new URL(page.url()).searchParams.get('source')).toBe(THIEF);
    const canvas = page.locator('.u-over').first();
    await canvas.waitFor();
    expect(await violationsIn(page)).toEqual([]);
    const box = await canvas.boundingBox();
    if (!box) throw new Error('the histogram has no place');
    const middle = box.y + box.height / 2;
    await page.mouse.move(box.x + 2, middle);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, middle, { steps: 8 });
    await page.mouse.up();
    await page.waitForURL(/since=/);
    const filters = new URL(page.url()).searchParams;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export as CSV' }).click(),
    ]);
    const csv = await readFile(await download.path(), 'utf8');
    const { items } = await api<HistoryPage>(`/api/v1/history?${filters.toString()}&limit=1000`);
    expect(items.length).toBeGreaterThan(0);
    expect(csv.trimEnd().split(/\r?\n/)).toHaveLength(items.length + 1);
    for (const item of items) if ('use' in item) expect(csv).toContain(item.use.id);
  }, 90_000);

  it('finds the credential, the fleet, the rules and the reference in order', async () => {
    const alert = await theAlert();
    await page.goto(`${theft.url}/credentials/${encodeURIComponent(alert.credential ?? '')}`);
    expect(await card('Its life').innerText()).toContain(`was used from ${THIEF}`);
    expect(await violationsIn(page)).toEqual([]);
    for (const [name, heading] of [
      ['Fleet', 'Fleet'],
      ['Rules', 'Rules'],
      ['API', /API/],
    ] as const) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      expect(await violationsIn(page)).toEqual([]);
    }
  }, 90_000);

  it('had no error on its console, and asked nobody but the collector', () => {
    expect(at.errors).toEqual([]);
    expect(at.strangers).toEqual([]);
  });
});
