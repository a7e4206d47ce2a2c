/** What nodes saw and what the log shows, told by two sources at two paces, with a collector that may be restarted: one theft. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Correlator } from '../../shared/detection/correlator.ts';
import { Alert, type Finding } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { formatTime, HOUR, SECOND } from '../../shared/time.ts';
import { byChild, fromHost, process, read, steady } from './reads.ts';
import { inOrder, newCorrelator, run } from './run.ts';
import { at, entry, INTERNET, OUTSIDE, ordinary, use } from './world.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const minute = ordinary(-60, 0);
const session = (seconds: number, changes = {}) => read(seconds, 'cart-1', { relation: 'exec-session', ...changes });
const curl = (seconds: number, changes = {}) =>
  use(seconds, 'cart-1', { request: { userAgent: 'curl/8' }, ...changes });

const THEFTS: Record<string, Observation[]> = {
  'from the node, used outside': [fromHost(10, 'cart-1'), curl(20, { from: OUTSIDE }), curl(25, { from: OUTSIDE })],
  'a sweep, used outside': [
    fromHost(10, 'cart-1'),
    fromHost(10.1, 'pay'),
    fromHost(10.2, 'idle'),
    curl(20, { from: OUTSIDE }),
    use(21, 'pay', { from: OUTSIDE }),
  ],
  'by exec, used outside': [
    entry(9.9, 'kubernetes-admin', ['cat', TOKEN]),
    session(10),
    curl(20, { from: OUTSIDE }),
    curl(25, { from: OUTSIDE }),
  ],
  'by exec, used in the pod': [entry(9.9, 'kubernetes-admin', ['cat', TOKEN]), session(10), curl(10.1), curl(12)],
  'from the node, used at the pod’s address': [fromHost(10, 'cart-1'), curl(12), curl(14)],
};

/** The node's agent: what it finds itself, it says; the rest is for the collector. */
function agentOf(): (observations: readonly Observation[]) => Finding[] {
  const agent = new Correlator({ cluster: 'test', scopes: ['node'] });
  const known = new Set<string>();
  return (observations) => {
    const findings = agent.process(observations, []).alerts.flatMap((alert) => alert.findings);
    return findings.filter(({ id }) => !known.has(id) && known.add(id));
  };
}

class Collector {
  #correlator = new Correlator({ cluster: 'test', scopes: ['cluster'] });
  readonly #stored: Observation[] = [];
  readonly alerts = new Map<string, Alert>();
  /** Alerts that a restart alone made. */
  raisedAnew = 0;

  take(observations: readonly Observation[], findings: readonly Finding[]): void {
    this.#stored.push(...observations);
    this.#keep(this.#correlator.process(observations, findings).alerts);
  }

  end(): Alert[] {
    this.#keep(this.#correlator.flush().alerts);
    return [...this.alerts.values()];
  }

  /** What is stored comes in its own order; of what was long ago only the alerts are left. */
  restart(remembers = true): void {
    this.#keep(this.#correlator.flush().alerts);
    this.#correlator = new Correlator({ cluster: 'test', scopes: ['cluster'] });
    // As it would come out of the store.
    const alerts = [...this.alerts.values()].map((alert) => Alert.parse(JSON.parse(JSON.stringify(alert))));
    this.#correlator.restore(remembers ? this.#stored : [...minute], alerts);
    this.raisedAnew += this.#correlator.process([], []).alerts.length + this.#correlator.flush().alerts.length;
  }

  #keep(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.alerts.set(alert.id, alert);
  }
}

const isRead = ({ kind }: Observation): boolean => kind === 'read';
const rulesOf = (alerts: readonly Alert[]): string[] =>
  alerts.map(({ rules }) => rules.toSorted().join(' ')).toSorted();
const evidenceOf = (alerts: readonly Alert[]): string[] =>
  alerts.flatMap(({ evidence }) => evidence.map(({ id }) => id)).toSorted();

describe.each(Object.entries(THEFTS))('a theft %s', (_, theft) => {
  const whole = run([...minute, ...theft]);

  it('is one alert with all of it', () => {
    expect(rulesOf(whole.alerts)).toHaveLength(1);
    expect(evidenceOf(whole.alerts)).toEqual(theft.map(({ id }) => id).toSorted());
    expect(Alert.safeParse(whole.alerts[0]).error).toBeUndefined();
  });

  it('is the same where agents find what the node shows', () => {
    const agent = agentOf();
    const collector = new Collector();
    collector.take(minute, []);
    for (const observation of inOrder(theft)) {
      collector.take([observation], agent([observation]));
    }
    const alerts = collector.end();
    expect(rulesOf(alerts)).toEqual(rulesOf(whole.alerts));
    expect(evidenceOf(alerts)).toEqual(evidenceOf(whole.alerts));
  });

  it.each([true, false])(
    'is one alert whenever the collector is restarted (what was before is stored: %s)',
    (remembers) => {
      for (let after = 0; after <= theft.length; after += 1) {
        const agent = agentOf();
        const collector = new Collector();
        collector.take(minute, []);
        for (const [i, observation] of inOrder(theft).entries()) {
          if (i === after) collector.restart(remembers);
          collector.take([observation], agent([observation]));
        }
        if (after === theft.length) collector.restart(remembers);
        const alerts = collector.end();
        expect(collector.raisedAnew).toBe(0);
        expect(rulesOf(alerts)).toEqual(rulesOf(whole.alerts));
        expect(evidenceOf(alerts)).toEqual(evidenceOf(whole.alerts));
      }
    },
  );

  it('is found whole, whatever order it is told in', () => {
    const reads = theft.filter(isRead);
    const delays = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: theft.length, maxLength: theft.length });
    fc.assert(
      fc.property(delays, (late) => {
        const told = theft.map((observation, i) => ({
          ...observation,
          seen: observation.seen + (late[i] ?? 0) * SECOND,
        }));
        const { alerts } = run([...minute, ...told]);
        // A sweep that is told of late finds alerts of what it read already there.
        if (reads.length === 1) expect(alerts).toHaveLength(1);
        expect(new Set(alerts.flatMap(({ rules }) => rules))).toEqual(
          new Set(whole.alerts.flatMap(({ rules }) => rules)),
        );
        expect(new Set(evidenceOf(alerts))).toEqual(new Set(evidenceOf(whole.alerts)));
      }),
      { numRuns: 60 },
    );
  });
});

it.each([
  ['lately is opened again', 60, true],
  ['long ago is not', -8 * 86_400, false],
])('by a use of what was read an alert that was closed %s', (_name, closedAt, isTakenUp) => {
  const [theft] = Object.values(THEFTS) as [Observation[]];
  const before = newCorrelator();
  const alerts = before.process([...minute, ...theft], []).alerts;
  const correlator = newCorrelator();
  const closed = { status: 'closed' as const, updatedAt: formatTime(at(closedAt)) };
  correlator.restore(
    [...minute, ...theft],
    alerts.map((alert) => ({ ...alert, ...closed })),
  );
  const [next, ...others] = correlator.process([curl(100, { from: INTERNET })], []).alerts;
  expect(others).toEqual([]);
  expect(next?.status).toBe('open');
  expect(alerts.some(({ id }) => id === next?.id)).toBe(isTakenUp);
});

it('says who read it, and what came of it', () => {
  const [theft] = Object.values(THEFTS) as [Observation[]];
  const [alert] = run([...minute, ...theft]).alerts;
  expect(alert?.summary).toBe(
    'The token of shop/cart was read by cat (pid 4711), a process of node node-a, and then used away from home 2 times, from 10.10.0.66 (outside the cluster).',
  );
  expect(alert?.story.map(({ sentence }) => sentence)).toEqual([
    'cat (pid 4711), a process of node node-a, read the token of shop/cart.',
    'The token of shop/cart was used from 10.10.0.66, outside the cluster, with curl/8: list pods in shop: 200 (2 times).',
  ]);
  expect(alert?.firstSeen).toBe('2026-11-23T18:00:10.000000Z');
});

it('does not say that who was denied a token, or read another one, got the one that was used', () => {
  const denied = fromHost(10, 'cart-1', { read: { outcome: 'denied' } });
  const away = [curl(20, { from: OUTSIDE }), curl(25, { from: OUTSIDE })];
  const summaryOf = (...reads: Observation[]) =>
    run([...minute, ...reads, ...away]).alerts.find(({ evidence }) => evidence.some(({ kind }) => kind === 'use'))
      ?.summary;
  const unread = 'The token of shop/cart was used away from home 2 times, from 10.10.0.66 (outside the cluster).';
  expect(summaryOf(denied)).toBe(unread);
  expect(summaryOf(denied, fromHost(11, 'pay'))).toBe(unread);
  const reader = { opener: { ...process(4712, '/usr/bin/dd') } };
  expect(summaryOf(denied, fromHost(11, 'pay'), fromHost(12, 'cart-1', reader))).toMatch(/was read by dd \(pid 4712\)/);
});

it('reads of a quiet day are nothing, however many', () => {
  const reads = [
    ...steady(0, 300, 1, 'cart-1', 'cart-2', 'pay', 'agent'),
    ...Array.from({ length: 300 }, (_, i) => read(i, 'pay', { relation: 'kubelet' })),
  ];
  expect(run([...minute, ...reads, ...ordinary(0, 300)]).alerts).toEqual([]);
});

it('the learning period is the one configured', () => {
  const day = [...steady(0, 7200, 60, 'cart-1'), byChild(7200, 'cart-1')];
  const severities = (learningPeriod?: number) =>
    run([...minute, ...day], learningPeriod === undefined ? {} : { learningPeriod }).alerts.map(
      ({ severity }) => severity,
    );
  expect(severities()).toEqual(['info']);
  expect(severities(HOUR)).toEqual(['medium']);
});
