/**
 * Thefts that look like what clusters do all day, and what the cluster does instead: each time the same surroundings, told
 * apart by what the log and the inventory know for certain.
 */
import { describe, expect, it } from 'vitest';
import { Cluster, type Node, type Pod } from './cluster.ts';
import type { Hunt } from './hunt.ts';
import { isLoud } from './score.ts';

const ADMIN = '10.10.0.1';
const SECOND_MACHINE = '10.10.0.5';

/** Two nodes; on node-a `web` works every 2 s, `api` every 3 s and `batch` every 60 s, `idle` never; on node-b `other`. */
function ordinary(until = 300) {
  const cluster = new Cluster();
  const nodeA = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24'] });
  const nodeB = cluster.node('node-b', '10.10.0.12', { podCidrs: ['10.244.1.0/24'] });
  const web = cluster.pod('web', nodeA, '10.244.0.2');
  const api = cluster.pod('api', nodeA, '10.244.0.3');
  const batch = cluster.pod('batch', nodeA, '10.244.0.4');
  const idle = cluster.pod('idle', nodeA, '10.244.0.5');
  const other = cluster.pod('other', nodeB, '10.244.1.2', { namespace: 'bank' });
  cluster.poll(batch, 60, 7, until);
  cluster.poll(other, 2.5, 0, until);
  return { cluster, nodeA, nodeB, web, api, batch, idle, other, until };
}

type World = ReturnType<typeof ordinary>;

/** The two that work often, masqueraded in these periods. */
function work({ cluster, nodeA, web, api, until }: World, periods: [number, number][] = []): void {
  const isMasqueraded = (t: number) => periods.some(([from, to]) => t >= from && t < to);
  for (const [pod, every] of [
    [web, 2],
    [api, 3],
  ] as const) {
    for (let t = 0.5; t < until; t += every) cluster.use(t, pod, isMasqueraded(t) ? nodeA.address : pod.address);
  }
}

const loud = ({ alerts }: Hunt): string[] => alerts.filter(isLoud).map(({ summary }) => summary);

/** Those requests that are no evidence of a loud alert. */
function missed({ alerts }: Hunt, keys: readonly string[]): string[] {
  const found = new Set(alerts.filter(isLoud).flatMap(({ evidence }) => evidence.map((e) => `${e.auditID}|${e.time}`)));
  return keys.filter((key) => !found.has(key));
}

describe('a pod that is gone', () => {
  const scene = () => {
    const world = ordinary();
    work(world);
    const { cluster, nodeA } = world;
    const gone = cluster.pod('gone', nodeA, '10.244.0.50');
    cluster.poll(gone, 2, 0, 100);
    cluster.gone(gone, 101);
    return { ...world, gone };
  };

  it('its token, used from a pod that never had its address, is stolen', () => {
    const { cluster, gone, other } = scene();
    const key = cluster.use(106, gone, other.address);
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });

  it('its last requests come when its address has been given away', () => {
    const { cluster, gone, nodeA } = scene();
    const heir = cluster.pod('heir', nodeA, gone.address, { namespace: 'bank', seconds: 104 });
    cluster.poll(heir, 2, 104, 300);
    cluster.use(106, gone);
    expect(loud(cluster.hunt())).toEqual([]);
  });
});

describe('the address of the own node', () => {
  it('a connection that was opened during masquerading keeps it when masquerading has ended', () => {
    const world = ordinary();
    work(world, [[100, 130]]);
    const { cluster, nodeA } = world;
    const born = cluster.pod('born', nodeA, '10.244.0.60', { seconds: 110 });
    cluster.poll(born, 3, 111, 300, nodeA.address);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and the token of an idle pod, used there after it, is stolen', () => {
    const world = ordinary();
    work(world, [[100, 130]]);
    const { cluster, idle, nodeA } = world;
    const key = cluster.use(200, idle, nodeA.address);
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });

  it('the token of a pod that works once a minute, while others go on', () => {
    const world = ordinary(600);
    work(world);
    const { cluster, batch, nodeA } = world;
    expect(loud(cluster.hunt())).toEqual([]);
    const key = cluster.use(440, batch, nodeA.address);
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });

  it('all tokens of the node in one go: those who work seldom hide nobody', () => {
    const world = ordinary(600);
    work(world);
    const { cluster, web, batch, idle, nodeA } = world;
    const keys = [web, batch, idle].map((pod, i) => cluster.use(440 + i / 10, pod, nodeA.address));
    expect(missed(cluster.hunt(), keys)).toEqual([]);
  });

  it('seconds before the log ends: a pause that the end cuts short is none', () => {
    const world = ordinary(330);
    work(world);
    const { cluster, idle, batch, nodeA, until } = world;
    const keys = [cluster.use(until - 7, idle, nodeA.address), cluster.use(until - 6.5, batch, nodeA.address)];
    expect(missed(cluster.hunt(), keys)).toEqual([]);
  });

  it('... but one that was due may be the pod itself, if nobody tells otherwise', () => {
    const world = ordinary();
    const { cluster, batch, nodeA, until } = world;
    cluster.use(until - 2, batch, nodeA.address);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... but masquerading may just have begun', () => {
    const world = ordinary();
    work(world, [[290, 400]]);
    const { cluster, idle, nodeA } = world;
    cluster.use(292, idle, nodeA.address);
    expect(loud(cluster.hunt())).toEqual([]);
  });
});

describe("an address of the pods' network that no pod has", () => {
  it('is not the pod, if that goes on with its own', () => {
    const world = ordinary();
    work(world);
    const key = world.cluster.use(150, world.web, '10.244.0.99');
    expect(missed(world.cluster.hunt(), [key])).toEqual([]);
  });

  it('may be the pod, if that has stopped: its new address comes late', () => {
    const world = ordinary();
    work(world);
    const { cluster, nodeA } = world;
    const moved = cluster.pod('moved', nodeA, '10.244.0.70');
    cluster.poll(moved, 2, 0, 100);
    cluster.poll({ ...moved, address: '10.244.0.71' }, 2, 120, 200);
    cluster.announce({ ...moved, address: '10.244.0.71' }, 150);
    expect(loud(cluster.hunt())).toEqual([]);
  });
});

describe('tokens that somebody had minted', () => {
  it("every use is told with its minting: where it was minted, and at the rightful pod's address", () => {
    const world = ordinary();
    work(world);
    const { cluster, web, api } = world;
    const minter = cluster.pod('minter', api.node, '10.244.0.80');
    const bound: Pod = { ...web, credential: 'JTI=bound' };
    const keys = [
      cluster.mint(100, minter, 'web', 'JTI=free'),
      cluster.useMinted(105, 'system:serviceaccount:shop:web', 'JTI=free', minter.address),
      cluster.mint(110, minter, 'web', 'JTI=bound'),
      cluster.use(115, bound),
    ];
    const found = cluster.hunt();
    expect(missed(found, keys)).toEqual([]);
    expect(loud(found)).toHaveLength(1);
  });

  it('by an account for itself, or by an operator that is known for it: nothing is told', () => {
    const { cluster, web, nodeA } = ordinary();
    cluster.mint(100, web, 'web', 'JTI=own');
    cluster.useMinted(105, 'system:serviceaccount:shop:web', 'JTI=own', web.address);
    const manager = cluster.pod('cert-manager', nodeA, '10.244.0.81', { namespace: 'cert-manager' });
    cluster.mint(110, manager, 'issuer', 'JTI=issuer');
    cluster.useMinted(115, 'system:serviceaccount:shop:issuer', 'JTI=issuer', manager.address);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('by a person with two machines: right at either', () => {
    const world = ordinary();
    work(world);
    const { cluster } = world;
    cluster.issue(100, 'kubernetes-admin', SECOND_MACHINE, 'api', 'JTI=first');
    cluster.issue(110, 'kubernetes-admin', ADMIN, 'web', 'JTI=second');
    cluster.useMinted(120, 'system:serviceaccount:shop:web', 'JTI=second', SECOND_MACHINE);
    expect(loud(cluster.hunt())).toEqual([]);
    const key = cluster.useMinted(130, 'system:serviceaccount:shop:web', 'JTI=second', '10.10.0.66');
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });
});

describe('legacy tokens in the own namespace', () => {
  const mounting = (cluster: Cluster, node: Node, name: string, address: string, secrets: string[]): Pod => {
    const pod: Pod = { ...cluster.pod(name, node, address), secrets };
    cluster.announce(pod, -3600);
    return pod;
  };

  const scene = () => {
    const world = ordinary();
    work(world);
    const { cluster, nodeA, nodeB, web } = world;
    const mounts = mounting(cluster, nodeA, 'mounts', '10.244.0.90', ['ci-token']);
    const doesNot = mounting(cluster, nodeB, 'does-not', '10.244.1.90', ['other']);
    for (let t = 0; t < 100; t += 12) cluster.useLegacy(t, 'ci', 'ci-token', SECOND_MACHINE);
    cluster.use(100, web, undefined, { verb: 'get', resource: 'secrets', name: 'ci-token' });
    return { cluster, mounts, doesNot };
  };

  it('a pod that mounts the Secret uses it after somebody else has fetched it', () => {
    const { cluster, mounts } = scene();
    const key = cluster.useLegacy(110, 'ci', 'ci-token', mounts.address);
    expect(missed(cluster.hunt(), [key])).toEqual([key]);
  });

  it('... but one that does not has it from the thief', () => {
    const { cluster, doesNot } = scene();
    const key = cluster.useLegacy(110, 'ci', 'ci-token', doesNot.address);
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });

  it('somebody who lists Secrets every 15 s does so for a living, although it has only just begun to show', () => {
    const { cluster, web } = ordinary();
    for (let t = 0; t < 150; t += 15) cluster.use(t, web, undefined, { resource: 'secrets' });
    cluster.useLegacy(20, 'ci', 'ci-token', SECOND_MACHINE);
    cluster.useLegacy(100, 'ci', 'ci-token', SECOND_MACHINE);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and who lists them twice in a row does not', () => {
    const { cluster, web } = ordinary();
    cluster.use(80, web, undefined, { resource: 'secrets' });
    cluster.use(81, web, undefined, { resource: 'secrets' });
    cluster.use(90, web, undefined, { resource: 'secrets' });
    const key = cluster.useLegacy(100, 'ci', 'ci-token', SECOND_MACHINE);
    expect(missed(cluster.hunt(), [key])).toEqual([]);
  });
});
