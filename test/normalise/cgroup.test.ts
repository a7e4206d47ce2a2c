import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membershipOf } from '../../shared/normalise/cgroup.ts';

const UID = '6ed50082-f374-4800-b1d8-1f533fcc901e';
const UNDERSCORED = UID.replaceAll('-', '_');
const OTHER = '0b7c9a11-52d3-4e5f-9a61-77aa00bb11cc';
const STATIC = '0123456789abcdef0123456789abcdef';
const ID = 'ad3b4ec1'.repeat(8);
const OTHER_ID = '00ffee11'.repeat(8);
const SLICE = `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice`;
const KIND = '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice';

const member = { pod: UID, container: ID };

describe('a container of a pod', () => {
  it.each([
    ['cgroupfs, v1', `4:memory:/kubepods/besteffort/pod${UID}/${ID}`],
    ['cgroupfs, v1, a named hierarchy', `9:name=systemd:/kubepods/burstable/pod${UID}/${ID}`],
    ['cgroupfs, v1, several controllers', `3:cpu,cpuacct:/kubepods/pod${UID}/${ID}`],
    ['cgroupfs, v2', `0::/kubepods/burstable/pod${UID}/${ID}`],
    ['cgroupfs, guaranteed', `0::/kubepods/pod${UID}/${ID}`],
    ['cgroupfs below a root of its own', `0::/kubelet/kubepods/besteffort/pod${UID}/${ID}`],
    ['systemd, containerd', `0::${SLICE}/cri-containerd-${ID}.scope`],
    ['systemd, guaranteed', `0::/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`],
    ['systemd, v1', `2:cpuset:${SLICE}/cri-containerd-${ID}.scope`],
    ['CRI-O', `0::${SLICE}/crio-${ID}.scope`],
    ['CRI-O with crun, which makes one more below', `0::${SLICE}/crio-${ID}.scope/container`],
    ['docker', `0::${SLICE}/docker-${ID}.scope`],
    ['docker, cgroupfs', `11:devices:/kubepods/burstable/pod${UID}/${ID}`],
    [
      'containerd, told cgroupfs under systemd',
      `0::/system.slice/containerd.service/kubepods-burstable-pod${UNDERSCORED}.slice:cri-containerd:${ID}`,
    ],
    ['the same at the top', `1:cpu:/kubepods-besteffort-pod${UNDERSCORED}.slice:cri-containerd:${ID}`],
    ['kind', `0::${KIND}/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`],
    ['kind, as its own host sees it', `0::/docker/${OTHER_ID}/kubelet/kubepods/besteffort/pod${UID}/${ID}`],
    [
      'kind with systemd, as its own host sees it',
      `0::/system.slice/docker-${OTHER_ID}.scope${SLICE}/cri-containerd-${ID}.scope`,
    ],
    ['k3s', `0::/k3s/kubepods/besteffort/pod${UID}/${ID}`],
    [
      'from another cgroup namespace',
      `0::/../../kubepods-besteffort-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
    ],
    ['from another cgroup namespace, cgroupfs', `0::/../../pod${UID}/${ID}`],
    ['a group that the container made for itself', `0::${SLICE}/cri-containerd-${ID}.scope/init.scope`],
    ['a container within the container', `0::/kubepods/pod${UID}/${ID}/docker/${OTHER_ID}`],
    ['a pod within the container', `0::/kubepods/pod${UID}/${ID}/kubepods/pod${OTHER}/${OTHER_ID}`],
    ['a group named like a monitor within the container', `0::/kubepods/pod${UID}/${ID}/conmon-${OTHER_ID}`],
  ])('%s', (_, line) => {
    expect(membershipOf([line])).toEqual(member);
  });

  it('a static pod has a uid without dashes', () => {
    expect(membershipOf([`0::/kubepods/burstable/pod${STATIC}/${ID}`])).toEqual({ pod: STATIC, container: ID });
    const slice = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice`;
    expect(membershipOf([`0::${slice}/crio-${ID}.scope`])).toEqual({ pod: STATIC, container: ID });
  });

  it('of several hierarchies the first that names a pod counts', () => {
    const lines = [
      '12:rdma:/',
      '9:name=systemd:/system.slice/containerd.service',
      `4:memory:/kubepods/pod${UID}/${ID}`,
    ];
    expect(membershipOf(lines)).toEqual(member);
    expect(membershipOf([`1:cpu:/docker/${OTHER_ID}`, `0::/kubepods/pod${UID}/${ID}`])).toEqual(member);
    expect(membershipOf([`1:cpu:/docker/${ID}`, '0::/'])).toEqual({ container: ID });
  });
});

describe('in a pod, and in none of its containers', () => {
  it.each([
    ['the pod itself', `0::${SLICE}`],
    ['the pod itself, cgroupfs', `4:memory:/kubepods/besteffort/pod${UID}`],
    ['its monitor', `0::${SLICE}/crio-conmon-${ID}.scope`],
    ['its monitor, of podman', `0::${SLICE}/libpod-conmon-${ID}.scope`],
    ['an id that is too short', `0::/kubepods/pod${UID}/${ID.slice(1)}`],
    ['an id that is too long', `0::/kubepods/pod${UID}/${ID}0`],
  ])('%s', (_, line) => {
    expect(membershipOf([line])).toEqual({ pod: UID });
  });
});

describe('a container without a pod', () => {
  it.each([
    ['docker', `0::/docker/${ID}`],
    ['docker, systemd', `0::/system.slice/docker-${ID}.scope`],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container`],
    ['a sibling in the pod of whoever asks', `0::/../cri-containerd-${ID}.scope`],
  ])('%s', (_, line) => {
    expect(membershipOf([line])).toEqual({ container: ID });
  });
});

describe('no container', () => {
  it.each([
    ['the root', '0::/'],
    ['the kubelet', '0::/system.slice/kubelet.service'],
    ['a session', '0::/user.slice/user-0.slice/session-4.scope'],
    ['a monitor in a scope of its own', `0::/system.slice/crio-conmon-${ID}.scope`],
    ['the folder of all pods', '0::/kubepods.slice/kubepods-besteffort.slice'],
    ['a uid that is none', `0::/kubepods/pod${UID.slice(1)}`],
    ['a uid in a longer name', `0::/kubepods/pod${UID}x`],
    ['a word that ends in pod', `0::/kubepods/tripod${UID}`],
    ['capital letters', `0::/kubepods/POD${UID.toUpperCase()}`],
    ['a pod in the controllers', `4:/kubepods/pod${UID}:/`],
    ['one field', `/kubepods/pod${UID}/${ID}`],
    ['two fields', `0:/kubepods/pod${UID}/${ID}`],
    ['nothing', ''],
  ])('%s', (_, line) => {
    expect(membershipOf([line])).toBeUndefined();
  });

  it('no lines, and too many', () => {
    expect(membershipOf([])).toBeUndefined();
    const many = Array.from({ length: 32 }, (_, i) => `${i}:x:/`);
    expect(membershipOf([...many, `0::/kubepods/pod${UID}/${ID}`])).toBeUndefined();
  });

  it('a path that is too long', () => {
    expect(membershipOf([`0::/${'x/'.repeat(3000)}kubepods/pod${UID}/${ID}`])).toBeUndefined();
  });
});

it('whatever is below a container changes nothing: the container can make that itself', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[a-z0-9:._-]{1,40}$/),
    fc.constantFrom(`pod${OTHER}`, OTHER_ID, `crio-conmon-${OTHER_ID}.scope`, `cri-containerd-${OTHER_ID}.scope`, '..'),
  );
  fc.assert(
    fc.property(fc.array(name, { maxLength: 6 }), (below) => {
      expect(membershipOf([`0::${[`${SLICE}/cri-containerd-${ID}.scope`, ...below].join('/')}`])).toEqual(member);
    }),
  );
});

it('never throws, and says only what is bounded', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('0::', '/', 'pod', UID, ID, '.slice', '.scope', ':', 'conmon-', '-'),
  );
  fc.assert(
    fc.property(fc.array(fc.array(piece).map((pieces) => pieces.join(''))), (lines) => {
      const { pod = UID, container = ID } = membershipOf(lines) ?? {};
      expect(pod).toMatch(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/);
      expect(container).toMatch(/^[0-9a-f]{64}$/);
    }),
    { numRuns: 1000 },
  );
});
