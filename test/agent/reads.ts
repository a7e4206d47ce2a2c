/** Openings of token files as a sensor tells them, and as observations. */

import { Workloads } from '../../shared/inventory/workloads.ts';
import { OpenNormaliser } from '../../shared/normalise/token-open.ts';
import type { TokenRead } from '../../shared/schema/observation.ts';
import { formatTime, type Micros, SECOND } from '../../shared/time.ts';

const START: Micros = Date.UTC(2026, 10, 23, 18, 0, 0) * 1000;
export const at = (seconds: number): Micros => START + Math.round(seconds * SECOND);

const UID = '6ed50082-f374-4800-b1d8-1f533fcc901e';
const CONTAINER = 'ab'.repeat(32);
const SHIM = { pid: 500, comm: 'containerd-shim', exe: '/usr/bin/containerd-shim-runc-v2', cmdline: [] };
const INIT = { pid: 1, comm: 'systemd', exe: '/usr/lib/systemd/systemd', cmdline: [] };

/** Of the pod's own first process, unless told that it is one of the host's. */
export function openLine(
  seconds: number,
  { pid = 4711, onHost = false, comm = 'app', exe = '/app/server', volume = 'kube-api-access-x' } = {},
) {
  const group = onHost ? '/user.slice/session-3.scope' : `/kubepods/pod${UID}/${CONTAINER}`;
  return {
    t: formatTime(at(seconds)),
    node: 'node-a',
    pid,
    tgid: pid,
    path: `/var/lib/kubelet/pods/${UID}/volumes/kubernetes.io~projected/${volume}/..2026/token`,
    volume,
    pod_uid: UID,
    allowed: true,
    proc: {
      comm,
      exe,
      cmdline: [exe],
      cgroup: [`0::${group}`],
      uid: [0, 0, 0, 0],
      nspid: onHost ? `${pid}` : `${pid}\t1`,
      starttime: 100,
      ancestors: onHost ? [{ pid: 900, comm: 'bash', exe: '/usr/bin/bash', cmdline: ['bash'] }, INIT] : [SHIM, INIT],
    },
    credential: {
      jti: 'c27d2920-d46f-4a3b-97f5-1a257411d520',
      sub: 'system:serviceaccount:shop:cart',
      aud: ['https://kubernetes.default.svc'],
      'kubernetes.io': { namespace: 'shop', pod: { name: 'cart-1', uid: UID }, node: { name: 'node-a' } },
    },
  };
}

export function readOf(line: unknown): TokenRead {
  const read = new OpenNormaliser({ node: 'node-a', workloads: new Workloads() }).open(line);
  if (typeof read === 'string') throw new TypeError(read);
  return read;
}
