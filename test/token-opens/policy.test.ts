import { expect, test } from 'vitest';
import { DEFAULT_POLICY, type OpenPolicy, verdictBy } from '../../agent/sources/token-opens/policy.ts';
import type { RawOpener } from '../../shared/schema/token-open.ts';

const OWNER = '6ed50082-f374-4800-b1d8-1f533fcc901e';
const OTHER = '9a47c926-a851-4b90-bb0a-6bddc2edd5a5';
const CONTAINER = '4e43be92ed4b56330beb6100bf737be9d02ae2418233a544b372872b4c7e3cf6';

const HOST: RawOpener = {
  pid: 7,
  comm: 'cat',
  exe: '/usr/bin/cat',
  cmdline: ['cat'],
  cgroup: ['0::/user.slice'],
  uid: [0, 0, 0, 0],
  gid: [0, 0, 0, 0],
  host_ns: ['mnt', 'net', 'pid'],
  ancestors: [],
};
const inPod = (uid: string): RawOpener => ({
  ...HOST,
  cgroup: [`0::/kubepods/besteffort/pod${uid}/${CONTAINER}`],
  host_ns: [],
});

test.each<[string, RawOpener, Partial<OpenPolicy>, string]>([
  ['a process of the host', HOST, {}, 'deny'],
  ['a process of another pod', inPod(OTHER), {}, 'deny'],
  ['the workload itself', inPod(OWNER), {}, 'allow'],
  ['a class that is not forbidden', HOST, { deny: ['other-pod'] }, 'allow'],
  ['nothing is forbidden', inPod(OTHER), { deny: [] }, 'allow'],
  ['on trial', HOST, { dryRun: true }, 'would-deny'],
  ['an allowed one on trial', inPod(OWNER), { dryRun: true }, 'allow'],
  ['pods that are meant', HOST, { pods: [OTHER, OWNER] }, 'deny'],
  ['pods that are not meant', HOST, { pods: [OTHER] }, 'allow'],
  ['no pods', HOST, { pods: [] }, 'allow'],
  ['a program that may', HOST, { allowExecutables: ['/usr/bin/cat'] }, 'allow'],
  ['a program below one that may', HOST, { allowExecutables: ['/usr/bin'] }, 'deny'],
  ['its path in other mounts', inPod(OTHER), { allowExecutables: ['/usr/bin/cat'] }, 'deny'],
  ['a deleted one', { ...HOST, exe: '/usr/bin/cat (deleted)' }, { allowExecutables: ['/usr/bin/cat'] }, 'deny'],
  ['none to be seen', { ...HOST, exe: null }, { allowExecutables: ['/usr/bin/cat'] }, 'deny'],
])('%s', (_, opener, policy, verdict) => {
  expect(verdictBy({ ...DEFAULT_POLICY, ...policy })(opener, OWNER)).toBe(verdict);
});
