/**
 * What real clusters do all day and is no theft: nothing of it may be loud. Beside it, where it matters, the theft that
 * happens in the same surroundings and must still be found.
 */
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../shared/detection/policy.ts';
import { at, Cluster, type Pod } from './cluster.ts';
import type { Hunt } from './hunt.ts';
import { isLoud } from './score.ts';

const OUTSIDE = '10.10.0.66';

const loud = ({ alerts }: Hunt): string[] =>
  alerts
    .filter(isLoud)
    .map(({ severity, confidence, rules, summary }) => `${severity}/${confidence} ${rules.join()}: ${summary}`);

const verdict = ({ placed }: Hunt, key: string): string | undefined => {
  const placement = placed.get(key)?.placement;
  return placement && `${placement.verdict}/${placement.reason}`;
};

/** Two nodes with pods that work as usual: `a1`, `a2`, `a3` on node-a, `b1`, `b2`, `b3` on node-b. */
function ordinary(): { cluster: Cluster; a: Pod[]; b: Pod[] } {
  const cluster = new Cluster();
  const nodeA = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24'] });
  const nodeB = cluster.node('node-b', '10.10.0.12', { podCidrs: ['10.244.1.0/24'] });
  const a = ['a1', 'a2', 'a3'].map((name, i) => cluster.pod(name, nodeA, `10.244.0.${i + 1}`));
  const b = ['b1', 'b2', 'b3'].map((name, i) => cluster.pod(name, nodeB, `10.244.1.${i + 1}`));
  return { cluster, a, b };
}

/** The same sequence for the same seed. */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

describe('pods come and go', () => {
  it('a rolling restart gives the old addresses to new pods at once, before the watcher knows', () => {
    const { cluster, a } = ordinary();
    const [old] = a as [Pod];
    cluster.poll(old, 2, 0, 60);
    cluster.gone(old, 60.2);
    const fresh: Pod = { ...old, uid: 'uid-fresh', name: 'fresh', credential: 'JTI=fresh' };
    cluster.announce({ ...fresh, address: '' }, 60.1);
    cluster.announce(fresh, 61.4);
    cluster.poll(fresh, 2, 61, 120);
    const other = a[1] as Pod;
    cluster.poll(other, 3, 0, 120);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a node goes down and up: the same pods, their addresses dealt anew, told a second late', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 2, 0, 60);
    const dealt = a.map((pod, i) => ({ ...pod, address: (a[(i + 1) % 3] as Pod).address }));
    for (const [i, pod] of dealt.entries()) {
      cluster.poll(pod, 2, 100 + i, 160);
      cluster.announce(pod, 101 + i);
    }
    for (const pod of b) cluster.poll(pod, 2, 60, 160);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a pod deleted by force goes on for some seconds at an address that is given away', () => {
    const { cluster, a, b } = ordinary();
    const [old] = a as [Pod];
    for (const pod of b) cluster.poll(pod, 2, 0, 80);
    cluster.poll(old, 1, 0, 69);
    cluster.gone(old, 60);
    cluster.pod('heir', old.node, old.address, { seconds: 64 });
    const found = cluster.hunt();
    expect(loud(found)).toEqual([]);
  });

  it('the inventory has the pod and not yet its address, and nodes declare no networks', () => {
    const cluster = new Cluster();
    const node = cluster.node('node-a', '10.10.0.11');
    const agent = cluster.pod('agent', node);
    const pod = cluster.pod('slow', node, '', { seconds: 10 });
    cluster.poll(agent, 5, 0, 120);
    cluster.poll({ ...pod, address: '10.99.7.1' }, 5, 11, 120);
    const found = cluster.hunt();
    expect(loud(found)).toEqual([]);
    expect([...found.placed.values()].map(({ placement }) => placement.reason)).toContain('pod-unknown');
  });

  it('a dump knows the pod that has an address now, not the one that had it before', () => {
    const cluster = new Cluster();
    const node = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24'] });
    const now = cluster.pod('now', node, '10.244.0.5');
    const before: Pod = { ...now, uid: 'uid-before', name: 'before', credential: 'JTI=before' };
    cluster.poll(before, 5, 0, 60);
    cluster.poll(now, 5, 100, 160);
    expect(loud(cluster.hunt({ mode: 'snapshot' }))).toEqual([]);
  });

  it('a dump does not know hostNetwork pods that were replaced before it', () => {
    const cluster = new Cluster();
    const node = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24'] });
    const neighbour = cluster.pod('neighbour', node, '10.244.0.5');
    const agent = cluster.pod('agent', node);
    cluster.poll(neighbour, 2, 0, 120);
    cluster.poll({ ...agent, uid: 'uid-before', name: 'agent-before', credential: 'JTI=before' }, 5, 0, 100);
    expect(loud(cluster.hunt({ mode: 'snapshot' }))).toEqual([]);
  });

  it('a dual-stack pod uses either of its addresses', () => {
    const cluster = new Cluster();
    const node = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24', 'fd00:244::/64'] });
    const pod = cluster.pod('dual', node, '10.244.0.5');
    cluster.learn({
      type: 'pod-upsert',
      time: at(-10),
      initial: false,
      pod: {
        uid: pod.uid,
        namespace: 'shop',
        name: 'dual',
        node: 'node-a',
        addresses: ['10.244.0.5', 'fd00:244::5'],
        hostNetwork: false,
        ended: false,
      },
    });
    cluster.poll(pod, 4, 0, 60);
    cluster.poll(pod, 4, 2, 60, 'FD00:0244:0::0005');
    const found = cluster.hunt();
    expect(new Set([...found.placed.values()].map(({ placement }) => placement.reason))).toEqual(
      new Set(['pod-address']),
    );
  });
});

describe('what stands before the API server', () => {
  it('a NAT gateway shows its address for everybody', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 7, 0, 300, '203.0.113.9');
    cluster.issue(20, 'system:node:node-a', '203.0.113.9', 'a1', 'JTI=a1');
    cluster.issue(40, 'system:node:node-b', '203.0.113.9', 'b1', 'JTI=b1');
    const found = cluster.hunt();
    expect(loud(found)).toEqual([]);
    expect(new Set([...found.placed.values()].map(({ placement }) => placement.reason))).toEqual(
      new Set(['behind-proxy']),
    );
  });

  it('a NAT gateway before one node of two', () => {
    const { cluster, a, b } = ordinary();
    const agent = cluster.pod('agent-b', (b[0] as Pod).node);
    for (const pod of a) cluster.poll(pod, 7, 0, 300);
    for (const pod of [...b, agent]) cluster.poll(pod, 7, 5, 300, '198.51.100.7');
    cluster.issue(20, 'system:node:node-a', '10.10.0.11', 'a1', 'JTI=a1');
    cluster.issue(40, 'system:node:node-b', '198.51.100.7', 'b1', 'JTI=b1');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  /** kubeadm with several API servers: kubelets and kube-proxies go by the balancer, pods by the service. */
  function balanced() {
    const ordinarily = ordinary();
    const { cluster, a, b } = ordinarily;
    const BALANCER = '10.10.0.100';
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 900);
    for (const { node } of [a[0] as Pod, b[0] as Pod]) {
      const agent = cluster.pod(`agent-${node.name}`, node);
      cluster.poll(agent, 10, 0, 900);
      const proxy = cluster.pod(`kube-proxy-${node.name}`, node, undefined, { account: 'kube-proxy' });
      for (const seconds of [3, 310, 620])
        cluster.use(seconds, proxy, BALANCER, { verb: 'watch', resource: 'services' });
    }
    cluster.issue(100, 'system:node:node-a', BALANCER, 'a1', 'JTI=a1');
    cluster.issue(400, 'system:node:node-b', BALANCER, 'b1', 'JTI=b1');
    return { ...ordinarily, BALANCER };
  }

  it('a load balancer that only kubelets and kube-proxies go by', () => {
    expect(loud(balanced().cluster.hunt())).toEqual([]);
  });

  it('... and a theft beside it is found', () => {
    const { cluster, a } = balanced();
    cluster.use(500, a[1] as Pod, OUTSIDE);
    expect(loud(cluster.hunt())).toEqual([expect.stringMatching(/^critical\/high .*shop:a2 .*10\.10\.0\.66/)]);
  });

  it('a load balancer on a node of the control plane', () => {
    const { cluster, a } = ordinary();
    cluster.node('master', '10.10.0.1', { controlPlane: true });
    for (const pod of a) cluster.poll(pod, 5, 0, 900);
    cluster.issue(100, 'system:node:node-a', '10.10.0.1', 'a1', 'JTI=a1');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a load balancer on a node of the control plane that hostNetwork pods go by', () => {
    const { cluster, a } = ordinary();
    cluster.node('master', '10.10.0.1', { controlPlane: true });
    const agent = cluster.pod('agent', (a[0] as Pod).node);
    for (const pod of a) cluster.poll(pod, 5, 0, 300);
    cluster.poll(agent, 5, 0, 300, '10.10.0.1');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('an address of the API servers that moves from node to node, configured as the control plane', () => {
    const cluster = new Cluster();
    const VIRTUAL = '10.10.0.250';
    const master = cluster.node('master-1', '10.10.0.1', { controlPlane: true, podCidrs: ['10.244.0.0/24'] });
    const proxy = cluster.pod('kube-proxy', master);
    cluster.poll(proxy, 5, 0, 100);
    cluster.poll(proxy, 5, 100, 200, VIRTUAL);
    cluster.issue(20, 'system:node:master-1', '10.10.0.1', 'x', 'JTI=1');
    cluster.issue(120, 'system:node:master-1', VIRTUAL, 'x', 'JTI=2');
    expect(loud(cluster.hunt({ networks: { controlPlane: [VIRTUAL] } }))).toEqual([]);
  });

  it('a proxy that is configured, whether it names its clients or not', () => {
    const { cluster, a, b } = ordinary();
    const PROXY = '10.10.0.200';
    for (const pod of a) cluster.poll(pod, 5, 0, 100);
    for (const pod of b) {
      for (let t = 2; t < 100; t += 5) cluster.use(t, pod, PROXY, t % 2 ? { claimed: [pod.address] } : {});
    }
    const isTrustedProxy = (address: string) => address === PROXY;
    const found = cluster.hunt({ normalise: { isTrustedProxy }, policy: { ...defaultPolicy, isTrustedProxy } });
    expect(loud(found)).toEqual([]);
    const reasons = new Set([...found.placed.values()].map(({ placement }) => placement.reason));
    expect(reasons).toEqual(new Set(['pod-address', 'behind-proxy']));
  });

  it('nodes reach the API server by an address that their Node objects do not name', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 1500);
    for (const [node, second] of [
      [(a[0] as Pod).node, '192.168.1.11'],
      [(b[0] as Pod).node, '192.168.1.12'],
    ] as const) {
      cluster.poll(cluster.pod(`agent-${node.name}`, node), 10, 0, 1500, second);
      for (const seconds of [100, 600, 1100]) {
        cluster.issue(seconds, `system:node:${node.name}`, second, 'a1', `JTI=${node.name}-${seconds}`);
      }
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('an egress gateway for the pods of one namespace', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 300);
    const nodes = [a[0] as Pod, b[0] as Pod, a[0] as Pod];
    for (const [i, { node }] of nodes.entries()) {
      const pod = cluster.pod(`vip-${i}`, node, `10.244.${node.name === 'node-a' ? 0 : 1}.${50 + i}`, {
        namespace: 'bank',
      });
      cluster.poll(pod, 7, 3 + i, 300, '10.20.0.9');
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and a thief with the tokens of three idle pods is found by a fourth that works', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 300);
    const { node } = a[0] as Pod;
    for (const i of [1, 2, 3]) {
      cluster.use(100 + i, cluster.pod(`idle-${i}`, node, `10.244.0.${70 + i}`), OUTSIDE);
    }
    cluster.use(110, a[1] as Pod, OUTSIDE);
    expect(loud(cluster.hunt())).toHaveLength(4);
  });
});

describe("the pod's own node", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('masquerading is switched on and off again and again (%i)', (seed) => {
    const random = randomness(seed);
    const { cluster, a, b } = ordinary();
    const node = (a[0] as Pod).node;
    const periods: [number, number][] = [];
    for (let start = 60 + random() * 30; start < 900; start += 20 + random() * 120) {
      const end = start + 5 + random() * 80;
      periods.push([start, end]);
      start = end;
    }
    const masqueraded = (seconds: number) => periods.some(([from, to]) => seconds >= from && seconds < to);
    for (const pod of b) cluster.poll(pod, 2, 0, 1000);
    for (const [i, pod] of a.entries()) {
      const every = 1 + i + random();
      for (let t = random() * every; t < 1000; t += every * (0.9 + 0.2 * random())) {
        cluster.use(t, pod, masqueraded(t) ? node.address : pod.address);
      }
    }
    // A watch that is open keeps its address; a client that keeps its connection does too.
    const watcher = cluster.pod('watcher', node, '10.244.0.40');
    for (let t = 5; t < 1000; t += 61) {
      cluster.use(t, watcher, masqueraded(t) ? node.address : watcher.address, { verb: 'watch' });
    }
    const keeper = cluster.pod('keeper', node, '10.244.0.41');
    cluster.poll(keeper, 2.5, 0, 1000);
    for (let t = 1; t < 1000; t += 9 + random()) cluster.use(t, keeper, masqueraded(t) ? node.address : keeper.address);
    const seldom = cluster.pod('seldom', node, '10.244.0.42');
    for (let t = 7; t < 1000; t += 20 + 100 * random()) {
      cluster.use(t, seldom, masqueraded(t) ? node.address : seldom.address);
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a node of the control plane masquerades what goes to the other API servers, and nothing to its own', () => {
    const cluster = new Cluster();
    const master = cluster.node('master-1', '10.10.0.1', { controlPlane: true, podCidrs: ['10.244.0.0/24'] });
    cluster.node('master-2', '10.10.0.2', { controlPlane: true, podCidrs: ['10.244.1.0/24'] });
    const dns = cluster.pod('coredns', master, '10.244.0.2');
    const metrics = cluster.pod('metrics-server', master, '10.244.0.3');
    cluster.poll(dns, 2, 0, 600);
    cluster.poll(metrics, 5, 0, 600);
    cluster.poll(dns, 37, 11, 600, master.address);
    cluster.poll(metrics, 41, 17, 600, master.address);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a node that masquerades always: nobody can be told from the host', () => {
    const { cluster, a } = ordinary();
    const { node } = a[0] as Pod;
    for (const pod of a) cluster.poll(pod, 3, 0, 200, node.address);
    cluster.poll(cluster.pod('agent', node), 5, 0, 200);
    const found = cluster.hunt();
    expect(loud(found)).toEqual([]);
    expect([...found.placed.values()].map(({ placement }) => placement.reason)).toContain('node-address-nat-or-host');
  });

  it('... but who uses it outside is', () => {
    const { cluster, a } = ordinary();
    const { node } = a[0] as Pod;
    for (const pod of a) cluster.poll(pod, 3, 0, 200, node.address);
    cluster.poll(cluster.pod('agent', node), 5, 0, 200);
    cluster.use(100, a[0] as Pod, OUTSIDE);
    expect(loud(cluster.hunt())).toEqual([expect.stringMatching(/^critical\/high .*10\.10\.0\.66/)]);
  });
});

describe('tokens that are made for others', () => {
  it("Calico's plug-in runs on the host with a token that its pod had issued", () => {
    const { cluster, a } = ordinary();
    const { node } = a[0] as Pod;
    const calico = cluster.pod('calico-node', node, undefined, { namespace: 'kube-system' });
    cluster.poll(calico, 10, 0, 300);
    cluster.mint(20, calico, 'calico-cni-plugin', 'JTI=cni', undefined, 'kube-system');
    for (const seconds of [40, 70, 71, 200]) {
      cluster.useMinted(seconds, 'system:serviceaccount:kube-system:calico-cni-plugin', 'JTI=cni', node.address);
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('Vault hands out tokens that are used who knows where', () => {
    const { cluster, a, b } = ordinary();
    const { node } = a[0] as Pod;
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 100);
    const vault = cluster.pod('vault', node, '10.244.0.80', { namespace: 'vault' });
    cluster.mint(20, vault, 'deployer', 'JTI=lease');
    cluster.useMinted(30, 'system:serviceaccount:shop:deployer', 'JTI=lease', OUTSIDE);
    cluster.useMinted(40, 'system:serviceaccount:shop:deployer', 'JTI=lease', '203.0.113.50');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('an operator nobody has allowed mints every minute: one alert, not one a token', () => {
    const { cluster, a } = ordinary();
    const operator = cluster.pod('operator', (a[0] as Pod).node, '10.244.0.80');
    for (let i = 0; i < 120; i += 1) {
      const rotated = { ...operator, credential: `JTI=operator-${Math.floor(i / 30)}` };
      cluster.mint(10 + 60 * i, rotated, 'tenant', `JTI=minted-${i}`);
    }
    expect(cluster.hunt().alerts).toHaveLength(1);
  });

  it('somebody makes a token by hand and uses it where it was made, bound to a pod or not', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 100);
    cluster.issue(20, 'kubernetes-admin', '10.10.0.1', 'a1', 'JTI=by-hand');
    cluster.useMinted(25, 'system:serviceaccount:shop:a1', 'JTI=by-hand', '10.10.0.1');
    cluster.issue(30, 'kubernetes-admin', '10.10.0.1', 'a1', 'JTI=bound-by-hand');
    cluster.use(35, { ...(a[0] as Pod), credential: 'JTI=bound-by-hand' }, '10.10.0.1');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it("the controller manager's own tokens, behind a balancer with two addresses", () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 100);
    for (const [i, name] of ['deployment-controller', 'replicaset-controller', 'job-controller'].entries()) {
      const account = `system:serviceaccount:kube-system:${name}`;
      cluster.issue(10 + i, 'system:kube-controller-manager', '10.10.0.101', name, `JTI=${name}`, 'kube-system');
      cluster.useMinted(12 + i, account, `JTI=${name}`, '10.10.0.102');
      cluster.useMinted(20 + i, account, `JTI=${name}`, '10.10.0.101');
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a token that a controller had bound to a node is used on that node', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 100);
    cluster.issue(20, 'kubernetes-admin', '10.10.0.1', 'node-helper', 'JTI=node-bound');
    const helper = { ...(a[0] as Pod), account: 'node-helper', credential: 'JTI=node-bound' };
    const key = cluster.useNodeBound(30, helper.account, helper.credential, 'node-a', '10.10.0.11');
    const found = cluster.hunt();
    expect(verdict(found, key)).toBe('home/node-of-node-bound-credential');
    expect(loud(found)).toEqual([]);
  });

  it('before Kubernetes 1.30 tokens have no id: two of one account in two places are not one', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 300);
    for (let t = 0; t < 300; t += 5) {
      cluster.useMinted(t, 'system:serviceaccount:shop:ci', '', '10.30.0.1');
      if (t > 150) cluster.useMinted(t + 2, 'system:serviceaccount:shop:ci', '', '10.30.0.2');
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });
});

describe('legacy tokens', () => {
  it('mounted by a deployment whose pods are replaced', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 300);
    const { node } = a[0] as Pod;
    for (const i of [0, 1, 2]) {
      const pod = cluster.pod(`old-style-${i}`, node, `10.244.0.${90 + i}`, { seconds: 100 * i });
      for (let t = 100 * i + 3; t < 100 * i + 130; t += 5) cluster.useLegacy(t, 'ci', 'ci-token', pod.address);
    }
    expect(loud(cluster.hunt())).toEqual([]);
    expect(loud(cluster.bareHunt())).toEqual([]);
  });

  it('mounted by a deployment on nodes that masquerade', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 5, 0, 400, pod.node.address);
    for (let t = 0; t < 200; t += 5) cluster.useLegacy(t, 'ci', 'ci-token', '10.10.0.11');
    for (let t = 190; t < 400; t += 5) cluster.useLegacy(t, 'ci', 'ci-token', '10.10.0.12');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('used by jobs that get another address each time', () => {
    const { cluster } = ordinary();
    for (let job = 0; job < 6; job += 1) {
      for (let i = 0; i < 20; i += 1) {
        cluster.useLegacy(job * 600 + i * 3, 'ci', 'ci-token', `203.0.113.${10 + job}`);
      }
    }
    expect(loud(cluster.hunt())).toEqual([]);
    expect(loud(cluster.bareHunt())).toEqual([]);
  });

  it('used from two places from the beginning (two replicas of a deployment tool elsewhere)', () => {
    const { cluster } = ordinary();
    for (let t = 0; t < 600; t += 4) {
      cluster.useLegacy(t, 'ci', 'ci-token', '10.30.0.1');
      if (t % 12 === 0) cluster.useLegacy(t + 1, 'ci', 'ci-token', '10.30.0.2');
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a backup lists all Secrets every day with a new token; the jobs come from new addresses', () => {
    const { cluster, a } = ordinary();
    const backup = cluster.pod('velero', (a[0] as Pod).node, '10.244.0.80');
    const DAY = 86_400;
    for (let day = 0; day < 6; day += 1) {
      const rotated = { ...backup, credential: `JTI=velero-${day}` };
      cluster.use(day * DAY + 100, rotated, undefined, { resource: 'secrets', uri: '/api/v1/secrets' });
      if (day >= 4) cluster.useLegacy(day * DAY + 7200, 'ci', 'ci-token', `203.0.113.${10 + day}`);
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('Helm lists its own Secrets by their label; the jobs come from new addresses', () => {
    const { cluster, a } = ordinary();
    const uri = '/api/v1/namespaces/shop/secrets?labelSelector=name%3Dshop%2Cowner%3Dhelm';
    cluster.use(100, a[0] as Pod, undefined, { resource: 'secrets', uri });
    for (let t = 200; t < 230; t += 5) cluster.useLegacy(t, 'ci', 'ci-token', '203.0.113.10');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it.each([
    ['a list of everything', '/api/v1/namespaces/shop/secrets'],
    ['a selector that every Secret passes', '/api/v1/namespaces/shop/secrets?labelSelector=owner%21%3Dnobody'],
  ])('... but after %s by somebody who never does so, a new place is loud', (_, uri) => {
    const { cluster, a } = ordinary();
    cluster.use(100, a[0] as Pod, undefined, { resource: 'secrets', uri });
    cluster.useLegacy(200, 'ci', 'ci-token', '203.0.113.10');
    expect(loud(cluster.hunt())).toEqual([expect.stringMatching(/^high\/medium legacy-token-used/)]);
  });
});

const CONTROLLERS = [
  'generic-garbage-collector',
  ...['replicaset', 'job', 'endpoint', 'node', 'deployment', 'namespace', 'disruption'].map((n) => `${n}-controller`),
];

/** Each asks for something once, with a token that is bound to nothing. */
function controllers(cluster: Cluster, from: string, { names = CONTROLLERS, seconds = 0 } = {}): void {
  for (const [i, name] of names.entries()) {
    cluster.useMinted(seconds + i, `system:serviceaccount:kube-system:${name}`, `JTI=${name}`, from);
  }
}

describe('a request that two servers log', () => {
  it('is told once: the API server forwards it to an aggregated API, which has a log of its own', () => {
    const { cluster, a } = ordinary();
    const [pod, other] = a as [Pod, Pod];
    cluster.poll(pod, 2, 0, 60);
    cluster.poll(other, 2, 0, 60);
    controllers(cluster, '10.10.0.1');
    for (let t = 5; t < 60; t += 10) {
      const auditID = `twice-${t}`;
      cluster.use(t, pod, undefined, { auditID, took: 0.05 });
      cluster.use(t + 0.01, pod, '10.10.0.1', { auditID, claimed: [pod.address] });
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and a thief who claims all of that is found: he is not the control plane', () => {
    const { cluster, a } = ordinary();
    const [pod] = a as [Pod];
    cluster.poll(pod, 2, 0, 60);
    controllers(cluster, '10.10.0.1');
    cluster.use(30, pod, undefined, { auditID: 'his-own', took: 10 });
    const key = cluster.use(35, pod, OUTSIDE, { auditID: 'his-own', claimed: [pod.address] });
    expect(verdict(cluster.hunt(), key)).toBe('away/outside-cluster-networks');
  });

  it('... and a thief who claims as much is found, with an Audit-ID that he has seen before', () => {
    const { cluster, a } = ordinary();
    const [pod] = a as [Pod];
    cluster.poll(pod, 2, 0, 60);
    cluster.use(30, pod, undefined, { auditID: 'seen' });
    cluster.use(35, pod, OUTSIDE, { auditID: 'seen', claimed: [pod.address] });
    expect(cluster.hunt().alerts.flatMap(({ rules }) => rules)).toContain('client-address-forged');
  });
});

describe('masquerading that others do not show', () => {
  it('a pod begins while its neighbours keep their connections', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of [...a, ...b]) cluster.poll(pod, 2, 0, 200);
    const [{ node }] = a as [Pod];
    const born = cluster.pod('born', node, '10.244.0.60', { seconds: 100 });
    cluster.issue(99.5, 'system:node:node-a', node.address, 'born', born.credential);
    cluster.poll(born, 3, 101, 150, node.address);
    cluster.poll(born, 3, 152, 200);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('a pod that works seldom is shown masqueraded while a busy one keeps its connection', () => {
    const { cluster, a, b } = ordinary();
    const [busy, slow] = a as [Pod, Pod];
    for (const pod of b) cluster.poll(pod, 3, 0, 600);
    cluster.poll(busy, 2, 1, 600);
    cluster.poll(slow, 60, 3, 240);
    cluster.poll(slow, 60, 243, 360, slow.node.address);
    cluster.poll(slow, 60, 370, 600);
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('an outage is no habit: masqueraded as long as it lasted, hours later', () => {
    const { cluster, a, b } = ordinary();
    for (const pod of b) cluster.poll(pod, 2, 0, 400);
    for (const [i, pod] of a.entries()) {
      const every = [2, 3, 5][i] as number;
      cluster.poll(pod, every, i / 10, 60);
      cluster.poll(pod, every, 120 + i / 10, 240);
      cluster.poll(pod, every, 240 + i / 2, 285, pod.node.address);
      cluster.poll(pod, every, 286 + i / 2, 400);
    }
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and a thief on the node after an outage is found', () => {
    const { cluster, a } = ordinary();
    for (const [i, pod] of a.entries()) {
      cluster.poll(pod, 2, i / 10, 60);
      cluster.poll(pod, 2, 120 + i / 10, 300);
    }
    const [pod] = a as [Pod];
    const key = cluster.use(200.7, pod, pod.node.address);
    expect(verdict(cluster.hunt(), key)).toBe('away/own-node-not-pod');
  });
});

describe('the control plane', () => {
  const CONTROL_PLANE = '10.10.0.1';
  it('its garbage collector looks at every object, token Secrets too', () => {
    const { cluster, a } = ordinary();
    cluster.poll(a[0] as Pod, 2, 0, 60);
    controllers(cluster, CONTROL_PLANE);
    const collector = 'system:serviceaccount:kube-system:generic-garbage-collector';
    cluster.useLegacy(10, 'ci', 'ci-token', '10.10.0.5');
    const get = { verb: 'get', resource: 'secrets', name: 'ci-token' };
    cluster.useMinted(20, collector, 'JTI=generic-garbage-collector', CONTROL_PLANE, get);
    cluster.useLegacy(30, 'ci', 'ci-token', '10.10.0.5');
    expect(loud(cluster.hunt())).toEqual([]);
  });

  it('... and two tokens of its accounts make no control plane of another address', () => {
    const { cluster, a } = ordinary();
    cluster.poll(a[0] as Pod, 2, 0, 60);
    controllers(cluster, CONTROL_PLANE);
    controllers(cluster, OUTSIDE, { names: CONTROLLERS.slice(0, 2), seconds: 20 });
    const use = cluster.useMinted(30, 'system:serviceaccount:kube-system:job-controller', 'JTI=job', OUTSIDE);
    expect(verdict(cluster.hunt(), use)).not.toBe('home/control-plane');
  });
});

describe('a hostNetwork pod that was never seen', () => {
  it("is not behind a gateway where its node's kubelet comes straight", () => {
    const { cluster, a } = ordinary();
    for (const pod of a) cluster.poll(pod, 2, 0, 90);
    const [{ node }] = a as [Pod];
    const agent = cluster.pod('agent', node);
    cluster.issue(5, 'system:node:node-a', node.address, 'a1', 'JTI=renewed');
    const key = cluster.use(30, agent, OUTSIDE);
    expect(verdict(cluster.hunt(), key)).toBe('away/outside-cluster-networks');
  });

  it('... and may be, where the kubelet was not seen', () => {
    const { cluster, a } = ordinary();
    for (const pod of a) cluster.poll(pod, 2, 0, 90);
    const key = cluster.use(30, cluster.pod('agent', (a[0] as Pod).node), OUTSIDE);
    expect(verdict(cluster.hunt(), key)).toBe('unclear/behind-proxy');
  });
});
