import { describe, expect, test } from 'vitest';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import { HoldBack } from '../../shared/inventory/hold-back.ts';
import type { DeniedRequest, RequestObservation, TokenIssue } from '../../shared/schema/observation.ts';
import { at, boundTo, node, pod, use } from './events.ts';

function setUp(options: { max?: number } = {}) {
  const inventory = new ClusterInventory({ mode: 'live' });
  inventory.apply(node(0, 'node-a', { addresses: ['10.10.0.11'], podCidrs: ['10.244.0.0/24'] }));
  inventory.apply(pod(0, 'known', { addresses: ['10.244.0.5'] }));
  const holdBack = new HoldBack<RequestObservation>({ inventory, ...options });
  return { inventory, holdBack };
}

const ids = (observations: RequestObservation[]) => observations.map(({ auditID }) => auditID);

describe('what waits', () => {
  test('a use from home goes at once, with its whereabouts', () => {
    const { holdBack } = setUp();
    const [out, ...more] = holdBack.push(use(10, 'home', '10.244.0.5', boundTo('known')));
    expect(more).toEqual([]);
    expect(out).toMatchObject({
      auditID: 'home',
      whereabouts: { network: 'pods', home: { addresses: ['10.244.0.5'] } },
    });
  });

  test("a pod's Secrets go with uses of legacy tokens alone", () => {
    const { inventory, holdBack } = setUp();
    inventory.apply(pod(0, 'rich', { addresses: ['10.244.0.7'], secrets: ['ci-token'] }));
    const plain = use(10, 'plain', '10.244.0.7', boundTo('rich'));
    const credential = { id: 'secret:shop/ci-token', kind: 'legacy' as const };
    const legacy = { ...use(10, 'legacy', '10.244.0.7', {}), credential };
    const holders = [plain, legacy].flatMap((each) => holdBack.push(each)).map((each) => each.whereabouts?.holders[0]);
    expect(holders[0]).toMatchObject({ name: 'rich' });
    expect(holders[0]).not.toHaveProperty('secrets');
    expect(holders[1]).toMatchObject({ name: 'rich', secrets: ['ci-token'] });
  });

  test('a theft from the internet goes at once', () => {
    const { holdBack } = setUp();
    expect(holdBack.push(use(10, 'theft', '203.0.113.9', boundTo('known')))).toMatchObject([
      { whereabouts: { network: 'public', holders: [], home: { pod: 'known' } } },
    ]);
  });

  test('a use by a pod that is not known yet goes as soon as it is', () => {
    const { inventory, holdBack } = setUp();
    expect(holdBack.push(use(10, 'early', '10.244.0.6', boundTo('new')))).toEqual([]);
    expect(holdBack.advance(at(10.2))).toEqual([]);
    inventory.apply(pod(10.3, 'new', { addresses: ['10.244.0.6'] }));
    expect(holdBack.advance(at(10.4))).toMatchObject([{ auditID: 'early', whereabouts: { home: { pod: 'known' } } }]);
    expect(holdBack.stats).toEqual({ held: 0, early: 0 });
  });

  test('a use by a pod that never appears goes when its time is up', () => {
    const { holdBack } = setUp();
    holdBack.push(use(10, 'never', '10.244.0.6', boundTo('new')));
    expect(holdBack.advance(at(11.999))).toEqual([]);
    expect(holdBack.advance(at(12))).toMatchObject([{ auditID: 'never', whereabouts: { home: { pod: 'unknown' } } }]);
  });

  test('time does not go back', () => {
    const { holdBack } = setUp();
    holdBack.advance(at(20));
    holdBack.advance(at(5));
    expect(ids(holdBack.push(use(10, 'late', '10.244.0.6', boundTo('new'))))).toEqual(['late']);
  });

  test('those that wait go by their time, whatever the order in which they came', () => {
    const { holdBack } = setUp();
    for (const second of [12, 10, 11, 10]) holdBack.push(use(second, `at ${second}`, '10.244.0.6', boundTo('new')));
    expect(ids(holdBack.advance(at(13)))).toEqual(['at 10', 'at 10', 'at 11']);
    expect(ids(holdBack.flush())).toEqual(['at 12']);
    expect(holdBack.flush()).toEqual([]);
  });

  test('when too many wait the oldest goes early, counted', () => {
    const { holdBack } = setUp({ max: 3 });
    const gone = [5, 4, 3, 2, 1].flatMap((second) =>
      holdBack.push(use(second, String(second), '10.244.0.6', boundTo('new'))),
    );
    expect(ids(gone)).toEqual(['2', '1']);
    expect(holdBack.stats).toEqual({ held: 3, early: 2 });
    expect(ids(holdBack.flush())).toEqual(['3', '4', '5']);
  });

  test('a long queue loses and repeats nothing', () => {
    const { inventory, holdBack } = setUp();
    const out: RequestObservation[] = [];
    for (let i = 0; i < 5000; i++) {
      const second = 10 + i / 1000;
      out.push(...holdBack.push(use(second, String(i), `10.244.0.${i % 250}`, boundTo(`pod-${i % 50}`))));
      if (i % 500 === 0) inventory.apply(pod(second, `pod-${i / 100}`, { addresses: [`10.244.0.${(i / 100) % 250}`] }));
      out.push(...holdBack.advance(at(second)));
    }
    out.push(...holdBack.flush());
    expect(ids(out).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 5000 }, (_, i) => String(i)),
    );
  });
});

describe('whose home it asks for', () => {
  const { principal, credential, binding: _, ...common } = use(10, 'x', '10.10.0.11', {});

  test('of a TokenRequest: that of who asked', () => {
    const { holdBack } = setUp();
    const actor = { username: principal, principal, credential, binding: boundTo('known') };
    const issue: TokenIssue = { ...common, kind: 'issue', actor, principal: 'system:serviceaccount:ops:admin' };
    expect(holdBack.push(issue)).toMatchObject([
      { whereabouts: { home: { pod: 'known', addresses: ['10.244.0.5'] } } },
    ]);
  });

  test('of a kubelet: that of its node', () => {
    const { holdBack } = setUp();
    const issue: TokenIssue = {
      ...common,
      kind: 'issue',
      actor: { username: 'system:node:node-a', binding: {} },
      principal,
    };
    expect(holdBack.push(issue)).toMatchObject([{ whereabouts: { home: { pod: 'none', addresses: ['10.10.0.11'] } } }]);
  });

  test('of a refused request: nobody’s', () => {
    const { holdBack } = setUp();
    const [out] = holdBack.push({ ...common, kind: 'denied' } satisfies DeniedRequest);
    expect(out?.whereabouts).toMatchObject({ network: 'nodes', holders: [{ kind: 'node', name: 'node-a' }] });
    expect(out?.whereabouts).not.toHaveProperty('home');
  });
});
