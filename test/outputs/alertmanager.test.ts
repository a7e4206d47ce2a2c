/** Alerts as a real Alertmanager shows them, and what it makes of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAlertmanagerOutput } from '../../collector/outputs/alertmanager/alertmanager-output.ts';
import type { Message, Output } from '../../collector/outputs/output.ts';
import { type AlertNotice, noticeId, type SummaryNotice } from '../../shared/formats/notice.ts';
import { testNotice } from '../../shared/formats/test-alert.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { type Clock, HOUR, MINUTE, parseTime, wallClock } from '../../shared/time.ts';
import { silent } from '../collector/support/doubles.ts';
import { alert } from '../collector/support/make.ts';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';
import { eventually } from '../support/runs.ts';
import { describeOutput, type OtherSide, type Received } from './output-contract.ts';
import { Alertmanager, type Shown, whyNoAlertmanager } from './support/alertmanager.ts';
import { alertmanagerSettings } from './support/settings.ts';

const never = new AbortController().signal;
const MAX_TITLE = 1024 - 'Truant: '.length;

const outputTo = (urls: string[], section: object = {}, clock: Clock = wallClock): Output =>
  createAlertmanagerOutput({
    settings: alertmanagerSettings({ urls, ...section }),
    environment: {},
    logger: silent,
    clock,
  });

const receivedOf = ({ labels, annotations }: Shown): Received => ({
  alert: labels['alert_id'] ?? '',
  revision: Number(annotations['revision']),
  title: labels['alertname']?.replace('Truant: ', '') ?? '',
});

async function otherSide(): Promise<OtherSide> {
  const alertmanager = await Alertmanager.start();
  let isHanging = false;
  /** What it had before it was killed. */
  const before: Received[] = [];
  const all = async () => (await alertmanager.alerts()).map(receivedOf);
  return {
    output: outputTo([alertmanager.url]),
    received: async () => [...before, ...(await all())],
    goDown: async () => {
      if (!isHanging) before.push(...(await all()));
      isHanging = false;
      await alertmanager.goDown();
    },
    comeBack: () => alertmanager.comeBack(),
    hang: async () => {
      isHanging = true;
      alertmanager.hang();
      return { caught: Promise.resolve() };
    },
    stop: () => alertmanager.stop(),
  };
}
describeOutput('Alertmanager', {
  whyNot: whyNoAlertmanager,
  isOrdered: false,
  cannot: { breakHalfway: 'it takes all of a request or nothing' },
  titleOf: (title) => title.slice(0, MAX_TITLE),
  start: otherSide,
});

const because = whyNoAlertmanager === undefined ? '' : ` (skipped: ${whyNoAlertmanager})`;
describe.skipIf(whyNoAlertmanager !== undefined)(`What Alertmanager shows${because}`, () => {
  /** What it has notified of: `firing: high`. */
  let notified: string[];
  let receiver: Listening;
  let alertmanager: Alertmanager;
  let output: Output;

  beforeEach(async () => {
    notified = [];
    receiver = await listening((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: (Shown & { status: string })[] };
        notified.push(...alerts.map(({ status, labels }) => `${status}: ${labels['severity']}`));
        response.end();
      });
    });
    alertmanager = await Alertmanager.start(receiver.url);
    output = outputTo([alertmanager.url]);
  });
  afterEach(async () => {
    await output.close();
    await alertmanager.stop();
    await receiver.close();
  });

  const now = wallClock.now();
  const told = (revision: number, parts: Partial<Alert> = {}): Message => {
    const about = alert('al_1', { revision, ...parts });
    const event = about.status === 'closed' ? 'close' : revision === 1 ? 'create' : 'update';
    const link = 'https://truant.example/#/alerts/demo/al_1';
    return { notice: { kind: 'alert', id: noticeId(about, event), event, alert: about, link }, text: '' };
  };
  const deliver = async (...messages: Message[]) =>
    expect(await output.deliver(messages, never)).toEqual(messages.map(() => undefined));

  test('an alert has labels to route it by, and what people need to act', async () => {
    await deliver(told(1));
    const [shown, ...others] = await alertmanager.alerts();
    expect(others).toEqual([]);
    expect(shown).toMatchObject({
      labels: {
        alertname: 'Truant: Token used away from its pod',
        alert_id: 'al_1',
        cluster: 'demo',
        severity: 'critical',
        principal: 'system:serviceaccount:shop:cart',
        namespace: 'shop',
        pod: 'cart-1',
        rule: 'token-used-away-from-pod',
      },
      annotations: {
        summary: 'Token used away from its pod: system:serviceaccount:shop:cart',
        description: 'The token of shop/cart-1 was used from 203.0.113.9.',
        confidence: 'high: the address is in no network of the cluster',
        sources: '203.0.113.9 (internet)',
        kill: "Delete the pod: kubectl -n 'shop' delete pod 'cart-1'",
        status: 'open',
        revision: '1',
      },
      generatorURL: 'https://truant.example/#/alerts/demo/al_1',
      startsAt: '2025-06-01T12:00:00.000Z',
    });
    const lasts = (parseTime(shown?.endsAt ?? '') ?? 0) - now;
    expect(lasts).toBeGreaterThan(3 * MINUTE);
    expect(lasts).toBeLessThan(30 * MINUTE);
    await eventually(() => expect(notified).toEqual(['firing: critical']));
  });

  test('a graver severity is a new alert to it, and the one before is resolved', async () => {
    await deliver(told(1, { severity: 'high' }));
    await eventually(() => expect(notified).toEqual(['firing: high']));
    await deliver(told(2, { severity: 'critical' }));
    const shown = await alertmanager.alerts();
    expect(shown.map(({ labels }) => labels['severity'])).toEqual(['critical']);
    await eventually(() => expect(notified.toSorted()).toEqual(['firing: critical', 'firing: high', 'resolved: high']));
  });

  test('what changed twice in one batch is there once', async () => {
    await deliver(told(1, { severity: 'low' }), told(2, { severity: 'high' }), told(3, { title: 'Other' }));
    expect((await alertmanager.alerts()).map(receivedOf)).toEqual([{ alert: 'al_1', revision: 3, title: 'Other' }]);
  });

  test('a closed alert is resolved, and one that is opened again is back', async () => {
    const resolution = { reason: 'benign' as const, note: '', by: 'ada', at: new Date().toISOString() };
    await deliver(told(1));
    await eventually(() => expect(notified).toHaveLength(1));
    await deliver(told(2, { status: 'closed', resolution }));
    expect(await alertmanager.alerts()).toEqual([]);
    await eventually(() => expect(notified).toEqual(['firing: critical', 'resolved: critical']));
    await deliver(told(3));
    await eventually(async () => expect(await alertmanager.alerts()).toHaveLength(1));
  });

  test.each(['1999-01-01T00:00:00Z', '2999-01-01T00:00:00Z', 'no time'])(
    'one that was closed at %s, by some clock, is resolved all the same',
    async (at) => {
      await deliver(told(1));
      await deliver(told(2, { status: 'closed', resolution: { reason: 'benign', note: '', by: 'ada', at } }));
      await eventually(async () => expect(await alertmanager.alerts()).toEqual([]));
    },
  );

  test('one that began in the future, by some clock, is taken', async () => {
    await deliver(told(1, { firstSeen: '2999-01-01T00:00:00.000000Z' }));
    expect(await alertmanager.alerts()).toHaveLength(1);
  });

  test('one that is not told again ends by itself', async () => {
    output = outputTo([alertmanager.url], {}, { now: () => wallClock.now() - HOUR });
    await deliver(told(1));
    expect(await alertmanager.alerts()).toEqual([]);
  });

  test('after it has been restarted it knows nothing, and is told again', async () => {
    await deliver(told(1));
    await alertmanager.goDown();
    await alertmanager.comeBack();
    expect(await alertmanager.alerts()).toEqual([]);
    expect(output.repeatSeconds).toBe(60);
    await deliver(told(1));
    expect((await alertmanager.alerts()).map(receivedOf)).toMatchObject([{ alert: 'al_1' }]);
  });

  test('a test alert ends by itself, soon', async () => {
    const notice: AlertNotice = testNotice('pager', 'x1', now);
    await deliver({ notice, text: '' });
    const [shown] = await alertmanager.alerts();
    expect(shown?.labels).toMatchObject({ alertname: 'Truant: Test of the output pager', test: 'true' });
    expect((parseTime(shown?.endsAt ?? '') ?? 0) - wallClock.now()).toBeLessThanOrEqual(5 * MINUTE);
  });

  test('a summary is one alert', async () => {
    const notice: SummaryNotice = {
      kind: 'summary',
      id: 's1',
      output: 'pager',
      since: '2025-06-01T12:00:00Z',
      until: '2025-06-01T12:01:00Z',
      total: 40,
      severities: { info: 0, low: 30, medium: 0, high: 10, critical: 0 },
      rules: [],
      alerts: [alert('a1'), alert('a2', { title: 'Other' })],
    };
    await deliver({ notice, text: '' });
    const [shown] = await alertmanager.alerts();
    expect(shown?.labels).toMatchObject({ alertname: 'Truant: more alerts than are told', severity: 'high' });
    expect(shown?.annotations['description']).toContain('critical: Other: system:serviceaccount:shop:cart');
  });

  test('labels of the configuration are there besides, and replace none', async () => {
    output = outputTo([alertmanager.url], { labels: { team: 'platform', severity: 'none' } });
    await deliver(told(1));
    const [shown] = await alertmanager.alerts();
    expect(shown?.labels).toMatchObject({ team: 'platform', severity: 'critical' });
  });

  test('one that is away does not keep the others from being told, and is told of once', async () => {
    const lines: unknown[] = [];
    const logger = Object.assign(Object.create(silent), {
      warn: (fields: object, text: string) => lines.push({ ...fields, text }),
      info: (fields: object, text: string) => lines.push({ ...fields, text }),
    });
    const second = await Alertmanager.start();
    const hanging = await listening(() => undefined);
    const urls = [`http://127.0.0.1:${await freePort()}`, alertmanager.url, second.url];
    output = createAlertmanagerOutput({ settings: alertmanagerSettings({ urls }), environment: {}, logger });
    await deliver(told(1));
    await deliver(told(2));
    for (const one of [alertmanager, second])
      expect((await one.alerts()).map(receivedOf)).toMatchObject([{ revision: 2 }]);
    expect(lines).toMatchObject([
      { reason: 'unreachable', text: 'one Alertmanager does not take alerts that others take' },
    ]);
    const both = outputTo([hanging.url, second.url]);
    expect(await both.deliver([told(3)], never)).toEqual([undefined]);
    await both.close();
    await hanging.close();
    await second.stop();
  });

  test('what is not Alertmanager is told from it', async () => {
    const other = await listening((_request, response) => response.writeHead(404).end('404 page not found'));
    const failing = outputTo([other.url]).deliver([told(1)], never);
    await expect(failing).rejects.toMatchObject({
      reason: 'not-found',
      remedy: expect.stringContaining('without /api/v2'),
    });
    await other.close();
  });
});
