/** One theft is one alert: how findings come together, what an alert keeps of them, and that it is the same every time. */
import { describe, expect, it } from 'vitest';
import { AlertBook } from '../../shared/detection/alert-book.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import { Alert, type Finding } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { DAY, formatTime } from '../../shared/time.ts';
import { heartbeat } from '../collector/support/make.ts';
import { inOrder, newCorrelator, run } from './run.ts';
import { ADMIN, at, denied, entry, INTERNET, issue, legacy, mint, OUTSIDE, ordinary, unbound, use } from './world.ts';

const minute = ordinary(-60, 0);
const alertsOf = (...given: Observation[]): Alert[] => run([...minute, ...given]).alerts;
const principals = (alerts: readonly Alert[]): string[] => alerts.map(({ principal }) => principal.slice(22));
const stolen = (seconds: number, name: Parameters<typeof use>[1], more: Parameters<typeof use>[2] = {}) =>
  use(seconds, name, { from: OUTSIDE, ...more });
const rotated = (name: string) => ({ credential: { id: `JTI=${name}`, kind: 'projected' as const } });

/** A theft with everything in it. */
const theft = (): Observation[] => [
  entry(10, 'kubernetes-admin', ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token']),
  stolen(20, 'cart-1', { request: { verb: 'get', uri: '/version', resource: undefined } }),
  stolen(21, 'cart-1', { claimed: ['10.244.0.3'], request: { resource: 'secrets', code: 403 } }),
  stolen(22, 'cart-1', { from: INTERNET }),
  denied(23, OUTSIDE),
  ...mint(24, 'cart-1', 'ci', 'JTI=unbound', { from: OUTSIDE }),
  unbound(25, '10.10.0.67'),
];

describe('what comes together', () => {
  it('everything about one theft: entry, uses from two places, refusals, tokens minted with it and their uses', () => {
    const alerts = alertsOf(...theft());
    expect(principals(alerts)).toEqual(['shop:cart']);
    expect(alerts[0]).toMatchObject({
      severity: 'critical',
      confidence: 'high',
      credential: 'JTI=cart-1',
      relatedCredentials: ['JTI=unbound'],
      sources: [
        { address: OUTSIDE, where: 'outside-cluster', count: 3 },
        { address: INTERNET, where: 'internet', count: 1 },
        { address: '10.10.0.67', where: 'outside-cluster', count: 1 },
      ],
      counts: { observations: 8 },
      did: { requests: 5, refused: 1 },
    });
    expect(alerts[0]?.rules).toHaveLength(7);
  });

  it("the pod's next token, stolen from it again", () => {
    expect(
      alertsOf(stolen(10, 'cart-1'), stolen(90, 'cart-1', { ...rotated('next'), from: '10.10.0.67' })),
    ).toHaveLength(1);
  });

  it('tokens of two pods of one account at one address', () => {
    expect(alertsOf(stolen(10, 'cart-1'), stolen(20, 'cart-2'))).toHaveLength(1);
  });

  it('not tokens of two accounts at one address', () => {
    expect(principals(alertsOf(stolen(10, 'cart-1'), stolen(11, 'pay')))).toEqual(['shop:cart', 'bank:pay']);
  });

  it('not tokens of two pods of one account at two addresses', () => {
    expect(alertsOf(stolen(10, 'cart-1'), stolen(20, 'cart-2', { from: '10.10.0.67' }))).toHaveLength(2);
  });

  it('not hygiene with theft', () => {
    const alerts = alertsOf(
      use(10, 'cart-1', { use: { staleBy: 60 } }),
      stolen(20, 'cart-1'),
      use(30, 'cart-1', { use: { staleBy: 80 } }),
    );
    expect(alerts.map(({ rules, severity }) => [severity, ...rules])).toEqual([
      ['info', 'stale-token-used-away'],
      ['critical', 'token-used-away-from-pod', 'token-used-in-two-places'],
    ]);
  });

  it('for an address and an account, within a day; for a credential, always', () => {
    const LATER = 2 * 86_400;
    const later = (name: 'cart-1' | 'cart-2', more = {}) => [...ordinary(LATER - 60, LATER), stolen(LATER, name, more)];
    expect(alertsOf(stolen(10, 'cart-1'), ...later('cart-1'))).toHaveLength(1);
    expect(alertsOf(stolen(10, 'cart-1'), ...later('cart-2'))).toHaveLength(2);
    expect(alertsOf(stolen(10, 'cart-1'), ...later('cart-1', rotated('next')))).toHaveLength(2);
  });

  it('a theft is named after whose credential it is, not after who led to it', () => {
    const [alert] = alertsOf(...theft());
    expect(alert).toMatchObject({
      title: 'ServiceAccount token used away from where it belongs',
      principal: 'system:serviceaccount:shop:cart',
      binding: { pod: { name: 'cart-1' } },
    });
  });

  it('what a finding counts is in the evidence', () => {
    const doors = ['secrets', 'nodes', 'pods', 'roles'];
    const [alert] = alertsOf(...doors.map((resource, i) => use(10 + i, 'bot', { request: { resource, code: 403 } })));
    expect(alert).toMatchObject({ rules: ['token-recon'], did: { requests: 4, refused: 4 } });
  });

  it('all of its credentials are to be ended: the stolen one, and what was minted with it', () => {
    const [alert] = alertsOf(...theft());
    expect(alert?.actions.map(({ title }) => title)).toEqual([
      'Delete the pod shop/cart-1',
      'Delete the ServiceAccount shop/ci, and make it anew',
    ]);
  });
});

describe('as it grows', () => {
  it('severity and confidence only rise, and every change is a revision', () => {
    const correlator = newCorrelator();
    correlator.process(minute, []);
    const steps = [
      stolen(10, 'cart-1', { from: '10.244.0.4' }),
      stolen(11, 'cart-1'),
      stolen(12, 'cart-1', { from: '10.244.0.4' }),
    ].map((observation) => correlator.process([observation], []).alerts);
    expect(steps.flat().map(({ severity, revision, counts }) => [severity, revision, counts.observations])).toEqual([
      ['high', 1, 1],
      ['critical', 2, 2],
      ['critical', 3, 3],
    ]);
    expect(new Set(steps.flat().map(({ id, createdAt }) => `${id} ${createdAt}`)).size).toBe(1);
  });

  it('what was told once stays as it was told', () => {
    const correlator = newCorrelator();
    const [first] = correlator.process([...minute, stolen(10, 'cart-1')], []).alerts;
    const asTold = JSON.stringify(first);
    const more = [
      stolen(11, 'cart-1', { request: { code: 403 } }),
      ...mint(12, 'cart-1', 'ci', 'JTI=x', { from: OUTSIDE }),
    ];
    expect(correlator.process(more, []).alerts.map(({ id }) => id)).toEqual([first?.id]);
    expect(JSON.stringify(first)).toBe(asTold);
  });

  it('what is known already changes nothing', () => {
    const correlator = newCorrelator();
    const again = stolen(10, 'cart-1');
    correlator.process([...minute, again], []);
    expect(correlator.process([again], []).alerts).toEqual([]);
  });

  it('findings of agents join what the collector finds', () => {
    const agent = new Correlator({ cluster: 'test', scopes: ['node'] });
    const collector = new Correlator({ cluster: 'test', scopes: ['cluster'] });
    const observations = [...minute, ...theft()];
    const findings = agent.process(observations, []).alerts.flatMap((alert) => alert.findings);
    expect(findings.map(({ rule }) => rule)).toEqual(['exec-reads-token']);
    collector.process(observations, findings);
    const [alert, ...others] = collector.process([stolen(40, 'cart-1')], []).alerts;
    expect(others).toEqual([]);
    expect(alert?.rules).toContain('token-used-away-from-pod');
  });
});

describe('how many there are is bounded', () => {
  const finding = (id: string, severity: Finding['severity'], keys: string[]): Finding => ({
    id,
    rule: 'token-read-from-host',
    title: 't',
    severity,
    confidence: 'low',
    confidenceWhy: 'w',
    summary: 's',
    time: at(0),
    principal: 'system:serviceaccount:shop:cart',
    source: null,
    observations: [id],
    keys,
    attack: [],
  });

  it('whoever has them invented by the thousand pushes the quiet out, and neither the loud nor what leads to them', () => {
    const book = new AlertBook('demo');
    book.add(finding('loud', 'critical', ['credential:JTI=cart']), [], undefined);
    book.add(finding('quiet', 'low', ['credential:JTI=quiet']), [], undefined);
    for (let n = 0; n < 12_000; n += 1) book.add(finding(`f${n}`, 'medium', [`pod:a/${n}`]), [], undefined);
    book.takeChanged(at(1));
    book.add(finding('again', 'low', ['credential:JTI=cart']), [], undefined);
    book.add(finding('quiet again', 'low', ['credential:JTI=quiet']), [], undefined);
    expect(book.takeChanged(at(2)).map(({ counts, credential }) => [counts.findings, credential])).toEqual([
      [2, null],
      [1, null],
    ]);
  });
});

describe('what an alert keeps is bounded, and its totals are right', () => {
  const COUNT = 2_000;
  const [alert] = alertsOf(
    ...Array.from({ length: COUNT }, (_, i) =>
      stolen(10 + i / 10, 'cart-1', {
        from: `10.9.${i % 3}.${(i % 300) & 255}`,
        request: {
          resource: `r${i % 250}`,
          namespace: `n${i % 70}`,
          userAgent: `agent/${i % 40}`,
          code: i % 4 ? 200 : 403,
        },
      }),
    ),
  );

  it('evidence', () => {
    expect(alert?.evidence).toHaveLength(500);
    expect(alert).toMatchObject({ evidenceTotal: COUNT, counts: { observations: COUNT } });
    const times = alert?.evidence.map(({ time }) => time) ?? [];
    expect([times[0], times.at(-1)]).toEqual([alert?.firstSeen, alert?.lastSeen]);
    expect(times).toEqual(times.toSorted());
  });

  it('findings, each rule among them', () => {
    expect(alert?.findings).toHaveLength(100);
    expect(alert?.counts.findings).toBeGreaterThan(COUNT + COUNT / 4);
    expect(new Set(alert?.findings.map(({ rule }) => rule))).toEqual(new Set(alert?.rules));
    expect(alert?.rules).toHaveLength(3);
  });

  it('deeds, sources, clients and story', () => {
    expect(alert?.did).toMatchObject({ requests: COUNT, refused: COUNT / 4 });
    for (const list of [alert?.did.actions, alert?.did.namespaces, alert?.sources]) expect(list).toHaveLength(50);
    expect(alert?.did.userAgents).toHaveLength(20);
    expect(alert?.story.length).toBeLessThanOrEqual(60);
    const counts = alert?.sources.map(({ count }) => count) ?? [];
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  });

  it('fits the contract', () => {
    expect(Alert.safeParse(alert).error).toBeUndefined();
    for (const each of alertsOf(...theft())) expect(Alert.safeParse(each).error).toBeUndefined();
  });
});

it('of very many alerts the loud ones stay open', () => {
  const correlator = newCorrelator();
  correlator.process([...minute, stolen(1, 'cart-1')], []);
  const [theftId] = correlator.process([stolen(2, 'cart-1')], []).alerts.map(({ id }) => id);
  for (let i = 0; i < 5_100; i += 1) {
    const credential = { id: `secret:shop/s-${i}`, kind: 'legacy' as const };
    correlator.process([legacy(3, ADMIN, { credential, principal: `system:serviceaccount:shop:s-${i}` })], []);
  }
  expect(correlator.process([stolen(4, 'cart-1')], []).alerts.map(({ id }) => id)).toEqual([theftId]);
});

describe('the same every time', () => {
  const observations = inOrder([
    ...minute,
    ...theft(),
    stolen(30, 'pay'),
    use(31, 'bot', { use: { impersonated: 'x' } }),
  ]);
  /** Without what counts how often it was looked at. */
  const settled = (alerts: readonly Alert[]) =>
    alerts.map(({ revision: _revision, createdAt: _created, updatedAt: _updated, ...rest }) => rest);

  function inBatches(size: number, cluster = 'test'): Alert[] {
    const correlator = new Correlator({ cluster });
    const alerts = new Map<string, Alert>();
    for (let i = 0; i < observations.length; i += size) {
      for (const alert of correlator.process(observations.slice(i, i + size), []).alerts) alerts.set(alert.id, alert);
    }
    for (const alert of correlator.flush().alerts) alerts.set(alert.id, alert);
    return [...alerts.values()];
  }

  it('however it is cut into batches', () => {
    const all = settled(inBatches(observations.length));
    expect(all).toHaveLength(3);
    for (const size of [1, 7, 50]) expect(settled(inBatches(size))).toEqual(all);
  });

  it('with ids that only the cluster changes', () => {
    const ids = (alerts: Alert[]) => alerts.map(({ id }) => id);
    expect(ids(inBatches(1, 'other'))).not.toEqual(ids(inBatches(1)));
    expect(new Set([...ids(inBatches(1, 'other')), ...ids(inBatches(1))]).size).toBe(6);
    expect(inBatches(1)[0]?.id).toMatch(/^al_[0-9a-f]{20}$/);
  });
});

describe('after a restart', () => {
  const observations = inOrder([
    ...minute,
    ...theft(),
    ...Array.from({ length: 700 }, (_, i) => stolen(40 + i / 10, 'pay')),
  ]);
  const before = newCorrelator();
  const alerts = [...before.process(observations, []).alerts, ...before.flush().alerts];
  const restored = (given: readonly Alert[]) => {
    const correlator = newCorrelator();
    correlator.restore(observations, given);
    return correlator;
  };
  const next = stolen(200, 'pay', { request: { verb: 'get', name: 'next' } });

  it('nothing is raised anew', () => {
    const correlator = restored(alerts);
    expect(correlator.process([], [])).toEqual({ placements: new Map(), alerts: [] });
    expect(correlator.flush().alerts).toEqual([]);
  });

  it('what is found later joins, and the totals go on', () => {
    const stored = alerts.find(({ principal }) => principal.endsWith('pay'));
    const [joined, ...others] = restored(alerts).process([next], []).alerts;
    expect(others).toEqual([]);
    expect(joined).toMatchObject({
      id: stored?.id,
      createdAt: stored?.createdAt,
      revision: (stored?.revision ?? 0) + 1,
      evidenceTotal: 701,
      counts: { observations: 701, findings: (stored?.counts.findings ?? 0) + 2 },
      did: { requests: 701 },
      sources: [{ address: OUTSIDE, count: 701 }],
    });
    expect(joined).toEqual({ ...before.process([next], []).alerts[0] });
  });

  it('an alert that was closed long ago stays closed; what comes then is a new one', () => {
    const updatedAt = formatTime(at(0) - 8 * DAY);
    const closed = alerts.map((alert) => ({ ...alert, status: 'closed' as const, updatedAt }));
    const correlator = restored(closed);
    expect(correlator.process([], []).alerts).toEqual([]);
    const [fresh] = correlator.process([next], []).alerts;
    expect(closed.map(({ id }) => id)).not.toContain(fresh?.id);
    expect(fresh).toMatchObject({ status: 'open', evidenceTotal: 1 });
  });

  it('an alert that was acknowledged stays so, and grows', () => {
    const acknowledged = alerts.map((alert) => ({ ...alert, status: 'acknowledged' as const }));
    expect(restored(acknowledged).process([next], []).alerts[0]).toMatchObject({ status: 'acknowledged' });
  });

  it('what was known of homes, habits and issues is known again', () => {
    const correlator = restored(alerts);
    const [alert] = correlator.process([unbound(201, '10.10.0.99')], []).alerts;
    expect(alert?.rules).toContain('token-minted-by-non-kubelet');
    expect(alert?.principal).toBe('system:serviceaccount:shop:cart');
  });

  it('what still waited is decided then', () => {
    const waiting = stolen(110, 'idle');
    const correlator = newCorrelator();
    correlator.restore([...minute, waiting], []);
    expect(correlator.process([], []).alerts).toEqual([]);
    expect(correlator.advance(at(150)).alerts).toHaveLength(1);
  });
});

it('a TokenRequest that waits is one, however long', () => {
  const correlator = newCorrelator();
  correlator.process([...minute, issue(1, 'system:node:node-a', 'cart', 'JTI=x', { from: OUTSIDE })], []);
  for (let seconds = 2; seconds < 400; seconds += 1) expect(correlator.advance(at(seconds)).alerts).toEqual([]);
  const { alerts } = correlator.advance(at(700));
  expect(alerts.map(({ counts }) => counts)).toEqual([{ findings: 1, observations: 1 }]);
});

it('what an agent says about itself is by its own clock, and moves no other time', () => {
  const correlator = newCorrelator();
  correlator.process([...minute, heartbeat(0, { seen: at(3600) })], []);
  const { alerts } = correlator.process([stolen(10, 'cart-1')], []);
  expect(alerts.map(({ updatedAt }) => updatedAt < formatTime(at(60)))).toEqual([true]);
});
