import { describe, expect, it } from 'vitest';
import { Workloads } from '../../shared/inventory/workloads.ts';
import { APP, OTHERS, POD, podSeen, SIDECAR, workload } from '../normalise/opens.ts';

function known(...events: Parameters<Workloads['apply']>[0][]): Workloads {
  const workloads = new Workloads();
  for (const event of events) workloads.apply(event);
  return workloads;
}

describe('a pod', () => {
  it('is known by name and workload', () => {
    expect(known(podSeen()).pod(POD)).toEqual({ namespace: 'shop', name: 'cart-1', facts: workload() });
    expect(known().pod(POD)).toBeUndefined();
  });

  it('that has gone is remembered, and a sight without its spec takes nothing away', () => {
    const gone = { type: 'pod-delete', time: 1, uid: POD, namespace: 'shop', name: 'cart-1' } as const;
    const bare = podSeen();
    if (bare.type === 'pod-upsert') delete bare.pod.workload;
    expect(known(podSeen(), gone, bare).pod(POD)?.facts).toEqual(workload());
  });

  it('changes: its newest workload counts', () => {
    const restarted = workload({ sharesPids: true });
    expect(known(podSeen(), podSeen(restarted)).pod(POD)?.facts).toEqual(restarted);
  });
});

describe('a container', () => {
  const [app] = workload().containers as [ReturnType<typeof workload>['containers'][number]];

  it('is found by its id', () => {
    expect(known(podSeen()).container(POD, APP)?.name).toBe('app');
    expect(known(podSeen()).container(POD, SIDECAR)?.name).toBe('sidecar');
  });

  it('whose id is not told yet is the only one, or any', () => {
    expect(known(podSeen(workload({ containers: [app] }))).container(POD, OTHERS)?.name).toBe('app');
    expect(known(podSeen(workload({ containers: [app] }))).container(POD, undefined)?.name).toBe('app');
    expect(known(podSeen()).container(POD, OTHERS)).toBeUndefined();
    expect(known(podSeen()).container(POD, undefined)).toBeUndefined();
    expect(known().container(POD, APP)).toBeUndefined();
  });
});

it('is bounded: the pods untouched longest go first', () => {
  const workloads = known(...Array.from({ length: 10_001 }, (_, i) => podSeen(workload(), `uid-${i}`)));
  expect(workloads.pod('uid-0')).toBeUndefined();
  expect(workloads.pod('uid-1')).toBeDefined();
  expect(workloads.pod('uid-10000')).toBeDefined();
});
