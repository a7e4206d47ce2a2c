/** By which way requests reach the API server, seen from the uses alone. */
import { describe, expect, it } from 'vitest';
import { Paths } from '../../shared/detection/paths.ts';
import { at, issue, NODES, OUTSIDE, use } from './world.ts';

const BALANCER = '10.10.0.100';
const kubelet = (seconds: number, node: string, from: string) =>
  issue(seconds, `system:node:${node}`, 'cart', `JTI=${node}-${seconds}`, { from });

describe('whether addresses of a node come through', () => {
  it.each([
    ['a pod at its own address', (paths: Paths) => paths.observe(use(0, 'cart-1'))],
    ['a pod at its node', (paths: Paths) => paths.observe(use(0, 'cart-1', { from: '10.10.0.11' }))],
    ['a hostNetwork pod', (paths: Paths) => paths.observe(use(0, 'agent'))],
    ['its kubelet', (paths: Paths) => paths.observeKubelet('node-a', kubelet(0, 'node-a', NODES['node-a'] ?? ''))],
  ])('%s shows it for an hour, for that node alone', (_, observe) => {
    const paths = new Paths();
    observe(paths);
    expect(paths.reaches('node-a', at(3599))).toBe(true);
    expect(paths.reaches('node-a', at(3601))).toBe(false);
    expect(paths.reaches('node-b', at(0))).toBe(false);
    expect(paths.reaches(undefined, at(0))).toBe(false);
  });

  it('a use from elsewhere does not', () => {
    const paths = new Paths();
    paths.observe(use(0, 'cart-1', { from: OUTSIDE }));
    paths.observeKubelet('node-a', kubelet(0, 'node-a', OUTSIDE));
    expect(paths.reaches('node-a', at(0))).toBe(false);
    expect(paths.kubeletReaches('node-a', at(0))).toBe(false);
  });

  it('a kubelet is known by itself alone, and for a day', () => {
    const paths = new Paths();
    paths.observe(use(0, 'agent'));
    expect(paths.kubeletReaches('node-a', at(0))).toBe(false);
    paths.observeKubelet('node-a', kubelet(0, 'node-a', '10.10.0.11'));
    expect(paths.kubeletReaches('node-a', at(86_399))).toBe(true);
    expect(paths.kubeletReaches('node-a', at(86_401))).toBe(false);
  });

  it('what comes late does not make it older', () => {
    const paths = new Paths();
    for (const seconds of [1000, 0]) paths.observe(use(seconds, 'cart-1'));
    expect(paths.reaches('node-a', at(4500))).toBe(true);
  });
});

describe('who is behind an address that is nobody’s', () => {
  it('a thief, if a pod comes straight and its token came from there too, in whatever order', () => {
    for (const order of [0, 1]) {
      const paths = new Paths();
      const [first, second] = [use(0, 'cart-1'), use(1, 'cart-1', { from: OUTSIDE })];
      for (const each of order === 0 ? [first, second] : [second, first]) paths.observe(each);
      expect(paths.judge(OUTSIDE)).toBe('thief');
    }
  });

  it('a gateway, if three pods never come straight', () => {
    const paths = new Paths();
    for (const name of ['cart-1', 'pay'] as const) paths.observe(use(0, name, { from: BALANCER }));
    expect(paths.judge(BALANCER)).toBe('unknown');
    paths.observe(use(0, 'idle', { from: BALANCER }));
    expect(paths.judge(BALANCER)).toBe('gateway');
    paths.observe(use(1, 'idle'));
    expect(paths.judge(BALANCER)).toBe('thief');
  });

  it('a gateway, if two kubelets come from there, or one and a hostNetwork pod', () => {
    const paths = new Paths();
    paths.observeKubelet('node-a', kubelet(0, 'node-a', BALANCER));
    expect(paths.judge(BALANCER)).toBe('unknown');
    paths.observeKubelet('node-b', kubelet(0, 'node-b', BALANCER));
    expect(paths.judge(BALANCER)).toBe('gateway');
    const others = new Paths();
    others.observeKubelet('node-a', kubelet(0, 'node-a', BALANCER));
    others.observe(use(0, 'agent', { from: BALANCER }));
    expect(others.judge(BALANCER)).toBe('gateway');
  });

  it('not a gateway for kubelets that come straight', () => {
    const paths = new Paths();
    for (const [node, address] of Object.entries(NODES)) {
      paths.observeKubelet(node, kubelet(0, node, address));
      paths.observeKubelet(node, kubelet(1, node, OUTSIDE));
    }
    expect(paths.judge(OUTSIDE)).toBe('unknown');
  });

  it('not a thief because of a hostNetwork pod: it may have two ways', () => {
    const paths = new Paths();
    paths.observe(use(0, 'agent'));
    paths.observe(use(1, 'agent', { from: BALANCER }));
    expect(paths.judge(BALANCER)).toBe('unknown');
  });

  it('unknown, if it was never seen or is somebody’s', () => {
    const paths = new Paths();
    paths.observe(use(0, 'cart-1'));
    paths.observe(use(0, 'cart-1', { from: '10.244.0.4' }));
    expect(paths.judge(OUTSIDE)).toBe('unknown');
    expect(paths.judge('10.244.0.4')).toBe('unknown');
  });

  it('a thief, however many others were there first', () => {
    const paths = new Paths();
    for (let i = 0; i < 100; i += 1) {
      const pod = { namespace: 'shop', name: `p-${i}`, uid: `uid-${i}` };
      paths.observe(use(i, 'idle', { from: OUTSIDE, binding: { pod, node: { name: 'node-a' } } }));
    }
    paths.observe(use(200, 'cart-1'));
    paths.observe(use(201, 'cart-1', { from: OUTSIDE }));
    expect(paths.judge(OUTSIDE)).toBe('thief');
  });
});
