/** Who reads token files on a quiet day, when nothing may be loud; and thefts in the same surroundings, of which nothing may be missed. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse.ts';
import { toPolicy } from '../../shared/config/policy.ts';
import { HOUR } from '../../shared/time.ts';
import { at, Cluster, type Pod } from './cluster.ts';
import type { Hunt } from './hunt.ts';
import { isLoud } from './score.ts';
import { container, containerIdOf, Sensor, TOKEN, uidOf } from './sensor.ts';

const OUTSIDE = '10.10.0.66';
const HOURS = 3600;
const CAT = { exe: '/bin/cat', args: [TOKEN] };
const SH = { exe: '/bin/sh', args: ['-i'] };

/** Two nodes; `web` and `api` on node-a, `other` on node-b, each of which works and reads its token once a minute. */
function ordinary(until = 600) {
  const cluster = new Cluster();
  const sensor = new Sensor(cluster);
  const nodeA = cluster.node('node-a', '10.10.0.11', { podCidrs: ['10.244.0.0/24'] });
  const nodeB = cluster.node('node-b', '10.10.0.12', { podCidrs: ['10.244.1.0/24'] });
  const web = sensor.pod('web', nodeA, '10.244.0.2');
  const api = sensor.pod('api', nodeA, '10.244.0.3');
  const other = sensor.pod('other', nodeB, '10.244.1.2', { namespace: 'bank' });
  const works = (pod: Pod, from: number, to: number) => {
    cluster.poll(pod, 60, from, to);
    sensor.steady(pod, 60, from, to);
    for (let seconds = from + 7; seconds < to; seconds += 60) sensor.byKubelet(seconds, pod);
  };
  for (const [i, pod] of [web, api, other].entries()) works(pod, i, until);
  return { cluster, sensor, nodeA, nodeB, web, api, other, works, until };
}

type World = ReturnType<typeof ordinary>;

const hunt = ({ cluster, sensor }: World, options: Parameters<Cluster['hunt']>[0] = {}): Hunt =>
  cluster.hunt({ reads: sensor.reads, ...options });
const allowing = (...allowedReaders: object[]) => ({
  policy: toPolicy(parseConfig({ detection: { allowedReaders } }), { now: () => at(0) }),
});
const loud = ({ alerts, rejected }: Hunt): string[] => [
  ...alerts.filter(isLoud).map(({ severity, rules, summary }) => `${severity} ${rules.join()}: ${summary}`),
  ...rejected.keys(),
];
/** Those of what a thief did, by key of a request or process of a read, that the one alert does not show. */
function missed(found: Hunt, ...deeds: (string | number)[]): (string | number)[] {
  const alerts = found.alerts.filter(isLoud);
  expect(loud(found)).toHaveLength(1);
  const shown = new Set(alerts.flatMap(({ evidence }) => evidence.map((e) => e.pid ?? `${e.auditID}|${e.time}`)));
  expect(shown.size).toBe(deeds.length);
  return deeds.filter((deed) => !shown.has(deed));
}
const byCurl = { userAgent: 'curl/8.5.0', resource: 'secrets' };

describe('a quiet day', () => {
  it('of which nothing is said at all', () => {
    const world = ordinary(26 * HOURS);
    expect(hunt(world).alerts).toEqual([]);
  });

  it('a rollout of a new image: other programs, another client', () => {
    const world = ordinary(25 * HOURS);
    const { cluster, sensor, nodeA, web, works } = world;
    cluster.gone(web, 25 * HOURS);
    const image = 'registry/web-app:2';
    const fresh = sensor.pod('web-2', nodeA, '10.244.0.20', {
      account: 'web',
      seconds: 25 * HOURS,
      workload: (pod) => ({ containers: [container(pod, 'app', { image })] }),
    });
    for (let i = 0; i < 60; i += 1) {
      sensor.byWorkload(25 * HOURS + 2 + i * 60, fresh, { exe: '/usr/bin/python3' });
      cluster.use(25 * HOURS + 3 + i * 60, fresh, undefined, { userAgent: 'python/3' });
      if (i % 5 === 4) sensor.byChild(25 * HOURS + 4 + i * 60, fresh, { exe: '/usr/bin/helper' });
    }
    works(world.api, 25 * HOURS, 26 * HOURS);
    expect(loud(hunt(world))).toEqual([]);
  });

  it('the same image again, in another pod and in another run of the container', () => {
    const world = ordinary(25 * HOURS);
    const { sensor, nodeB, web } = world;
    const replica = sensor.pod('web-2', nodeB, '10.244.1.20', { account: 'web', seconds: 25 * HOURS });
    const again = containerIdOf(web, 'app', 2);
    for (let i = 0; i < 10; i += 1) {
      sensor.byWorkload(25 * HOURS + i * 60, replica);
      sensor.byWorkload(25 * HOURS + i * 60, web, undefined, again);
    }
    expect(hunt(world).alerts).toEqual([]);
  });

  it('a sidecar comes with a rollout and begins to read; one that was there begins to', () => {
    const world = ordinary(25 * HOURS);
    const { sensor, nodeA } = world;
    const meshed = sensor.pod('meshed', nodeA, '10.244.0.30', {
      workload: (pod) => ({ containers: [container(pod), container(pod, 'proxy')] }),
    });
    sensor.steady(meshed, 60, 0, 25 * HOURS);
    const proxy = containerIdOf(meshed, 'proxy');
    for (let i = 0; i < 60; i += 1) sensor.byWorkload(25 * HOURS + i * 60, meshed, { exe: '/usr/bin/envoy' }, proxy);
    expect(hunt(world).alerts).toEqual([]);
  });

  it('probes and hooks that read the token', () => {
    const world = ordinary();
    const { sensor, nodeA, until } = world;
    const script = `curl -sH "Authorization: Bearer $(cat ${TOKEN})" https://kubernetes.default/livez`;
    const hooks = [
      ['/bin/sh', '-c', script],
      ['/health.sh', '-v'],
      ['sh', '-c', `cat ${TOKEN}`],
    ];
    const probed = sensor.pod('probed', nodeA, '10.244.0.40', {
      workload: (pod) => ({ containers: [container(pod, 'app', { hooks })] }),
    });
    for (let t = 0; t < until; t += 10) {
      sensor.bySession(t, probed, { exe: '/bin/sh', args: ['-c', script] }, CAT);
      sensor.bySession(t + 1, probed, { exe: '/bin/sh', args: ['/health.sh', '-v'] }, CAT);
      sensor.bySession(t + 2, probed, CAT);
    }
    // argv[0] as the kubelet asked for it.
    for (const { value } of sensor.reads as { value: { proc: { ancestors: { cmdline: string[] }[] } } }[]) {
      const [parent] = value.proc.ancestors;
      if (parent?.cmdline.includes(script)) parent.cmdline[0] = '/bin/sh';
    }
    expect(hunt(world).alerts).toEqual([]);
  });

  it('a CronJob: every hour another pod, which reads at once, with several threads, by kubectl', () => {
    const world = ordinary(30 * HOURS);
    const { cluster, sensor, nodeA } = world;
    for (let hour = 0; hour < 30; hour += 1) {
      const start = hour * HOURS + 100;
      const job = sensor.pod(`job-${hour}`, nodeA, `10.244.0.${100 + hour}`, { account: 'job', seconds: start });
      for (let i = 0; i < 5; i += 1) sensor.byWorkload(start + 1 + i / 100, job, { exe: '/usr/bin/kubectl' });
      cluster.use(start + 1.1, job, undefined, { userAgent: 'kubectl/v1.36', resource: 'deployments' });
      sensor.byChild(start + 2, job, { exe: '/usr/bin/jq' });
      cluster.gone(job, start + 60);
    }
    expect(loud(hunt(world))).toEqual([]);
  });

  it('a restart of kubelet and runtime: every token read, every token new', () => {
    const world = ordinary(25 * HOURS);
    const { cluster, sensor, web, api } = world;
    for (const [i, pod] of [web, api].entries()) {
      const time = 25 * HOURS + i / 100;
      sensor.byRuntime(time, pod);
      sensor.byKubelet(time, pod);
      pod.credential = `JTI=${uidOf(`new token of ${pod.name}`)}`;
      cluster.issue(time, 'system:node:node-a', '10.10.0.11', pod.account, pod.credential);
      sensor.byKubelet(time + 0.001, pod);
      for (let t = 1; t < 300; t += 60) {
        sensor.byWorkload(time + t, pod);
        cluster.use(time + t, pod);
      }
    }
    expect(loud(hunt(world))).toEqual([]);
  });

  it('an administrator looks around in a pod, and reads no token', () => {
    const world = ordinary();
    world.cluster.exec(300, world.web, ['sh']);
    world.cluster.exec(310, world.web, ['ps', 'aux']);
    expect(loud(hunt(world))).toEqual([]);
  });

  it('a backup agent of the node and one that is a pod, which are allowed', () => {
    const world = ordinary();
    const { sensor, nodeA, web, api } = world;
    const agent = sensor.pod('backup-x', nodeA, '10.244.0.50', { account: 'backup', namespace: 'backup' });
    for (const pod of [web, api]) {
      sensor.byHost(300, pod, { exe: '/usr/bin/restic' });
      sensor.byOther(310, pod, agent, { exe: '/velero' });
    }
    const allowed = allowing(
      { executable: '/usr/bin/restic', reason: 'backups' },
      { namespace: 'backup', image: 'registry/backup-*', reason: 'backups' },
    );
    expect(hunt(world, allowed).alerts).toEqual([]);
    expect(loud(hunt(world))).not.toEqual([]);
  });
});

describe('a theft', () => {
  it('by exec and cat, used from the pod itself by curl', () => {
    const world = ordinary();
    const { cluster, sensor, web } = world;
    const deeds = [
      cluster.exec(300, web, ['cat', TOKEN]),
      sensor.bySession(300.1, web, CAT),
      cluster.use(310, web, undefined, byCurl),
      cluster.use(311, web, undefined, byCurl),
    ];
    const found = hunt(world);
    expect(missed(found, ...deeds)).toEqual([]);
    expect(found.alerts.find(isLoud)?.severity).toBe('high');
  });

  it('by a shell in a session, all in one go', () => {
    const world = ordinary();
    const { cluster, sensor, web } = world;
    cluster.exec(300, web, ['sh']);
    const deeds = [sensor.bySession(305, web, SH, CAT), cluster.use(305.02, web, undefined, byCurl)];
    expect(missed(hunt(world), ...deeds)).toEqual([]);
  });

  it('by a web shell, after 25 hours of steady reads', () => {
    const world = ordinary(26 * HOURS);
    const { cluster, sensor, web } = world;
    const time = 25 * HOURS + 30;
    const read = sensor.byChild(time, web, CAT);
    expect(missed(hunt(world), read)).toEqual([]);
    const deeds = [read, cluster.use(time + 10, web, undefined, byCurl)];
    const found = hunt(world);
    expect(missed(found, ...deeds)).toEqual([]);
    expect(found.alerts.find(isLoud)?.severity).toBe('high');
  });

  it('by a web shell on the first day, used outside', () => {
    const world = ordinary();
    const { cluster, sensor, web } = world;
    const deeds = [sensor.byChild(400, web, CAT), cluster.use(410, web, OUTSIDE, byCurl)];
    expect(missed(hunt(world), ...deeds)).toEqual([]);
  });

  it('by a web shell with a learning period of an hour', () => {
    const world = ordinary(2 * HOURS);
    const read = world.sensor.byChild(HOURS + 30, world.web, CAT);
    expect(loud(hunt(world))).toEqual([]);
    const policy = toPolicy(parseConfig({ detection: { learningHours: 1 } }), { now: () => at(0) });
    expect(policy.learningPeriod).toBe(HOUR);
    expect(missed(hunt(world, { policy }), read)).toEqual([]);
  });

  it('by a sidecar that does not have the token', () => {
    const world = ordinary();
    const { cluster, sensor, nodeA } = world;
    const pod = sensor.pod('meshed', nodeA, '10.244.0.30', {
      workload: (it) => ({ containers: [container(it), container(it, 'proxy', { volumes: [] })], sharesPids: true }),
    });
    cluster.poll(pod, 5, 0, 600);
    const deeds = [sensor.byNeighbour(300, pod, 'proxy', CAT), cluster.use(310, pod, OUTSIDE, byCurl)];
    expect(missed(hunt(world), ...deeds)).toEqual([]);
  });

  it('on the node, used hours later from outside', () => {
    const world = ordinary(9 * HOURS);
    const { cluster, sensor, web } = world;
    const deeds = [sensor.byHost(300, web, CAT), cluster.use(8 * HOURS, web, OUTSIDE, byCurl)];
    const found = hunt(world);
    expect(missed(found, ...deeds)).toEqual([]);
    const [alert] = found.alerts.filter(isLoud);
    expect(alert?.severity).toBe('critical');
    expect(alert?.story.map(({ sentence }) => sentence.split(',')[0])).toEqual([
      expect.stringMatching(/^cat \(pid \d+\)$/),
      `The token of shop/web was used from ${OUTSIDE}`,
    ]);
  });

  it("on the node, in the guise of the pod's own", () => {
    const world = ordinary();
    const { sensor, web } = world;
    const cgroup = [`0::/kubepods/burstable/pod${web.uid}/${containerIdOf(web)}`];
    const read = sensor.byHost(300, web, CAT, { cgroup });
    expect(missed(hunt(world), read)).toEqual([]);
  });

  it('by another pod, used from there', () => {
    const world = ordinary();
    const { cluster, sensor, nodeA, web, api } = world;
    const thief = sensor.pod('thief', nodeA, '10.244.0.60');
    const deeds = [
      sensor.byOther(300, web, thief, CAT),
      sensor.byOther(301, api, thief, CAT),
      cluster.use(310, web, thief.address, byCurl),
      cluster.use(311, api, thief.address, byCurl),
    ];
    expect(missed(hunt(world), ...deeds)).toEqual([]);
  });

  it('by a session in a backup agent that is allowed', () => {
    const world = ordinary();
    const { sensor, nodeA, web } = world;
    const agent = sensor.pod('backup-x', nodeA, '10.244.0.50', { account: 'backup', namespace: 'backup' });
    sensor.byOther(290, web, agent, { exe: '/velero' });
    const read = sensor.bySession(300, agent, CAT, undefined, { token: web });
    const found = hunt(world, allowing({ namespace: 'backup', reason: 'backups' }));
    expect(missed(found, read)).toEqual([]);
  });

  it('by a session that says it is a kubelet', () => {
    const world = ordinary();
    const read = world.sensor.bySession(300, world.web, { exe: '/usr/bin/kubelet' });
    expect(missed(hunt(world), read)).toEqual([]);
  });

  it('of every token of a node, used at once', () => {
    const world = ordinary();
    const { cluster, sensor, nodeA, web, api } = world;
    const third = sensor.pod('third', nodeA, '10.244.0.70');
    cluster.poll(third, 5, 0, 600);
    const pods = [web, api, third];
    const deeds = pods.flatMap((pod, i) => [
      sensor.byHost(300 + i / 100, pod, CAT),
      cluster.use(310 + i / 10, pod, OUTSIDE, byCurl),
    ]);
    const found = hunt(world);
    expect(missed(found, ...deeds)).toEqual([]);
    expect(found.alerts.find(isLoud)?.rules).toContain('token-sweep');
  });
});
