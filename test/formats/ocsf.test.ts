import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitted } from '../../shared/formats/fit.ts';
import {
  type AlertNotice,
  NOTICE_EVENTS,
  type NoticeEvent,
  noticeId,
  type SummaryNotice,
} from '../../shared/formats/notice.ts';
import { ocsf } from '../../shared/formats/ocsf.ts';
import { testNotice } from '../../shared/formats/test-alert.ts';
import { type Alert, CloseReason, SEVERITIES } from '../../shared/schema/alert.ts';
import { parseTime } from '../../shared/time.ts';
import { VERSION } from '../../shared/version.ts';
import { arbitraryAlert, hostileText } from './support/arbitrary-alert.ts';
import { OCSF_VERSION, ocsfErrors } from './support/ocsf-schema.ts';
import { recordedAlerts } from './support/recorded-alerts.ts';

const LINK = 'https://truant.example/#/alerts/shop/al_1';
const alerts = await recordedAlerts();

const SUMMARY: SummaryNotice = {
  kind: 'summary',
  id: 'summary/siem/1795459186281437',
  output: 'siem',
  since: '2026-11-23T18:39:46.281437Z',
  until: '2026-11-23T18:40:31.362462Z',
  total: 7,
  severities: { info: 0, low: 0, medium: 0, high: 0, critical: 0 },
  rules: [],
  alerts: [],
};

const noticeOf = (alert: Alert, event: NoticeEvent = 'create', more: Partial<AlertNotice> = {}): AlertNotice => ({
  kind: 'alert',
  id: noticeId(alert, event),
  event,
  alert,
  ...more,
});

const documentOf = (notice: AlertNotice) => JSON.parse(ocsf.alert(notice)) as Record<string, never>;

function expectValid(line: string) {
  expect(line).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
  expect(ocsfErrors(JSON.parse(line))).toEqual([]);
}

const resolved = (reason: CloseReason): Partial<Alert> => ({
  status: 'closed',
  resolution: { reason, note: 'Seen\nto.', by: 'ann', at: '2026-11-24T08:00:00.000000Z' },
});

const LIVES: Record<string, Partial<Alert>> = {
  open: {},
  'open and assigned': { assignee: 'ann' },
  acknowledged: { status: 'acknowledged', assignee: 'ann' },
  closed: { status: 'closed' },
  ...Object.fromEntries(CloseReason.options.map((reason) => [`closed, ${reason}`, resolved(reason)])),
};

describe('is what the schema says', () => {
  it('and the schema is the one that it names', () => {
    expect(alerts.length).toBeGreaterThan(10);
    expect(OCSF_VERSION).toBe('1.8.0');
  });

  it.each(NOTICE_EVENTS.flatMap((event) => Object.entries(LIVES).map(([life, fields]) => ({ event, life, fields }))))(
    'each recorded alert: $event, $life',
    ({ event, fields }) => {
      for (const alert of alerts) {
        expectValid(ocsf.alert(noticeOf({ ...alert, ...fields }, event)));
        expectValid(ocsf.alert(noticeOf({ ...alert, ...fields }, event, { link: LINK })));
      }
    },
  );

  it('each recorded alert whose evidence is of an earlier version, and in words alone', () => {
    for (const alert of alerts) {
      const evidence = alert.evidence.map(
        ({ request: _1, by: _2, pod: _3, container: _4, node: _5, path: _6, process: _7, ...words }) => words,
      );
      expectValid(ocsf.alert(noticeOf({ ...alert, evidence })));
    }
  });

  it('a test, and says that it is one', () => {
    const line = ocsf.alert(testNotice('siem', 'abc', 1_795_459_186_281_437));
    expectValid(line);
    expect(JSON.parse(line)).toMatchObject({
      message: expect.stringMatching(/^TEST: /),
      verdict: 'Test',
      metadata: { labels: ['test'] },
      finding_info: { uid: 'test_abc', title: expect.stringMatching(/^TEST: /) },
    });
  });

  it('an alert that says whatever somebody hostile would have it say', () => {
    fc.assert(
      fc.property(
        arbitraryAlert,
        fc.constantFrom(...NOTICE_EVENTS),
        fc.option(hostileText(), { nil: undefined }),
        fc.boolean(),
        (alert, event, link, isTest) => {
          const more = { ...(link !== undefined && { link }), ...(isTest && { isTest }) };
          expectValid(ocsf.alert(noticeOf(alert, event, more)));
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('is valid with less in it, for a peer that takes no more', () => {
  for (const alert of alerts) expectValid(fitted(noticeOf(alert), ocsf, 16_000) ?? 'does not fit');
});

it('a summary of hostile alerts is valid', () => {
  const told = fc.record({
    rule: hostileText(),
    text: hostileText(),
    link: fc.option(hostileText(), { nil: undefined }),
  });
  fc.assert(
    fc.property(told, fc.constantFrom(...SEVERITIES), ({ rule, text, link }, severity) => {
      const alert = { id: text, cluster: text, title: text, principal: text, severity };
      const counts = { info: 0, low: 0, medium: 0, high: 0, critical: 0, [severity]: 7 };
      expectValid(
        ocsf.summary({
          ...SUMMARY,
          output: text,
          severities: counts,
          rules: [{ rule, count: 7 }],
          alerts: [alert],
          ...(link !== undefined && { link }),
        }),
      );
    }),
  );
});

describe('text comes back as it was', () => {
  it('but for lone surrogates, which UTF-8 cannot hold', () => {
    fc.assert(
      fc.property(arbitraryAlert, (alert) => {
        const { finding_info: info, message, unmapped } = documentOf(noticeOf(alert));
        expect({ info, message, unmapped }).toMatchObject({
          message: wellFormed(alert.summary),
          info: { uid: wellFormed(alert.id), title: wellFormed(alert.title), desc: wellFormed(alert.summary) },
          unmapped: { cluster: wellFormed(alert.cluster), confidenceWhy: wellFormed(alert.confidenceWhy) },
        });
      }),
    );
  });
});

/** By another way than the format's own. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

describe('states', () => {
  const [alert] = alerts as [Alert];

  it.each([
    { life: 'open', status_id: 1, verdict_id: undefined, comment: undefined },
    { life: 'acknowledged', status_id: 2, verdict_id: undefined, comment: undefined },
    { life: 'closed', status_id: 99, verdict_id: undefined, comment: undefined },
    { life: 'closed, true-positive', status_id: 4, verdict_id: 2, comment: 'Seen\nto.' },
    { life: 'closed, false-positive', status_id: 3, verdict_id: 1, comment: 'Seen\nto.' },
    { life: 'closed, benign', status_id: 3, verdict_id: 5, comment: 'Seen\nto.' },
  ])('$life', ({ life, ...told }) => {
    const { status_id, verdict_id, comment } = documentOf(noticeOf({ ...alert, ...LIVES[life] }, 'update'));
    expect({ status_id, verdict_id, comment }).toEqual(told);
  });

  it.each([
    { event: 'create', activity_id: 1, type_uid: 200401, is_alert: true },
    { event: 'update', activity_id: 2, type_uid: 200402, is_alert: true },
    { event: 'close', activity_id: 3, type_uid: 200403, is_alert: false },
  ] as const)('$event', ({ event, ...told }) => {
    expect(documentOf(noticeOf(alert, event))).toMatchObject(told);
  });

  it('times are whole milliseconds', () => {
    expect(documentOf(noticeOf(alert))).toMatchObject({
      time: Math.floor((parseTime(alert.updatedAt) ?? 0) / 1000),
      start_time: 1_795_459_186_281,
    });
  });

  it('profiles are named when something of them is used', () => {
    expect(documentOf(noticeOf(alert)).metadata).not.toHaveProperty('profiles');
    expect(documentOf(noticeOf({ ...alert, assignee: 'ann' }))).toMatchObject({ metadata: { profiles: ['incident'] } });
  });
});

it('at most 50 evidences, the first and the last; what is left out is counted', () => {
  const alert = alerts[0] as Alert;
  const [one] = alert.evidence as [Alert['evidence'][number]];
  const evidence = Array.from({ length: 500 }, (_, i) => ({ ...one, id: `o${i}` }));
  const line = ocsf.alert(noticeOf({ ...alert, evidence, evidenceTotal: 700 }));
  expectValid(line);
  const { evidences, metadata, unmapped } = JSON.parse(line) as Record<string, never> & {
    evidences: { uid: string }[];
  };
  expect(evidences.map(({ uid }) => uid)).toEqual([
    ...Array.from({ length: 25 }, (_, i) => `o${i}`),
    ...Array.from({ length: 25 }, (_, i) => `o${475 + i}`),
  ]);
  expect({ metadata, unmapped }).toMatchObject({
    metadata: { is_truncated: true },
    unmapped: { evidenceLeftOut: 650 },
  });
});

it('the address of a use from home is no observable', () => {
  const home = alerts.flatMap(({ evidence }) => evidence).filter(({ placement }) => placement === 'home');
  const alert = { ...(alerts[0] as Alert), evidence: home };
  expect(home.length).toBeGreaterThan(0);
  const { observables } = documentOf(noticeOf(alert)) as unknown as { observables: { type: string }[] };
  expect(observables.map(({ type }) => type)).not.toContain('IP Address');
  expect(observables.map(({ type }) => type)).toContain('User Name');
});

describe('golden', () => {
  const kept = (text: string) => `${JSON.stringify(JSON.parse(text), null, 2).replaceAll(`"${VERSION}"`, '"VERSION"')}
`;
  const few = (alert: Alert): Alert => ({
    ...alert,
    findings: alert.findings.slice(0, 2),
    evidence: alert.evidence.slice(0, 3),
    evidenceTotal: 3,
    triage: alert.triage.slice(0, 2),
    did: { ...alert.did, actions: alert.did.actions.slice(0, 2) },
  });

  it.each([
    { name: 'exec-and-exfiltrate', recording: '02-exec-and-exfiltrate', event: 'create', fields: {} },
    { name: 'minted', recording: '06-minting', event: 'update', fields: { status: 'acknowledged', assignee: 'ann' } },
    { name: 'legacy', recording: '07-legacy-secret', event: 'close', fields: resolved('true-positive') },
  ] as const)('$name', async ({ name, recording, event, fields }) => {
    const alert = alerts.find(({ cluster }) => cluster === recording) as Alert;
    const line = ocsf.alert(noticeOf({ ...few(alert), ...fields }, event, { link: LINK }));
    await expect(kept(line)).toMatchFileSnapshot(`golden/ocsf-${name}.json`);
  });

  it('a summary', async () => {
    const line = ocsf.summary({
      ...SUMMARY,
      total: 42,
      severities: { info: 0, low: 30, medium: 0, high: 12, critical: 0 },
      rules: [{ rule: 'token-used-away-from-pod', count: 42 }],
      alerts: alerts.slice(0, 2).map(({ id, cluster, title, severity, principal }) => {
        return { id, cluster, title, severity, principal };
      }),
      link: LINK,
    });
    expectValid(line);
    await expect(kept(line)).toMatchFileSnapshot('golden/ocsf-summary.json');
  });
});
