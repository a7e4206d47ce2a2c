import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connections, type KubernetesStatus } from '../../agent/sources/kubernetes/connections.ts';
import { RefusedError } from '../../shared/kubernetes/api-server.ts';
import { SECOND, wallClock } from '../../shared/time.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const told: KubernetesStatus[] = [];
  const connections = new Connections({
    names: ['Pod', 'Node'],
    clock: wallClock,
    blindAfterMs: 30_000,
    onStatus: (status) => told.push(status),
  });
  connections.start();
  const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
  const sinceStart = () => (connections.freshUntil(wallClock.now()) - 1_000_000_000) / SECOND;
  return { connections, told, pass, sinceStart };
}

test('it is as fresh as its oldest loss, until it is blind', () => {
  const { connections, told, pass, sinceStart } = setUp();
  pass(5);
  expect(sinceStart()).toBe(0);
  connections.connected('Pod');
  expect(sinceStart()).toBe(0);
  connections.connected('Node');
  expect(sinceStart()).toBe(5);
  expect(told).toMatchObject([{ status: 'ok' }]);
  pass(5);
  connections.disconnected('Pod', new Error('reset'));
  pass(5);
  connections.disconnected('Node', undefined);
  connections.disconnected('Pod', new Error('refused'));
  expect(sinceStart()).toBe(10);
  pass(24.999);
  expect(told).toHaveLength(1);
  pass(0.001);
  expect(told[1]).toEqual({ status: 'blind', reason: 'inventory-lost', detail: 'Pod: refused; Node: the watch ended' });
  expect(connections.blindness).toBe('Pod: refused; Node: the watch ended');
  expect(sinceStart()).toBe(40);
  connections.connected('Node');
  expect(told).toHaveLength(2);
  connections.connected('Pod');
  expect(told).toMatchObject([{}, {}, { status: 'ok' }]);
  expect(connections.blindness).toBeUndefined();
});

test('a loss that ends in time is not told', () => {
  const { connections, told, pass } = setUp();
  connections.connected('Pod');
  connections.connected('Node');
  for (let i = 0; i < 10; i++) {
    connections.disconnected('Pod', new Error('reset'));
    pass(20);
    connections.connected('Pod');
    pass(20);
  }
  expect(told).toHaveLength(1);
});

test('a refusal is told at once, and once', () => {
  const { connections, told, pass } = setUp();
  connections.disconnected('Pod', new RefusedError(403, 'no'));
  connections.disconnected('Pod', new RefusedError(401, 'no'));
  expect(told).toMatchObject([{ status: 'blind', reason: 'inventory-forbidden' }]);
  pass(31);
  expect(told).toHaveLength(1);
});

test('after the stop nothing is told', () => {
  const { connections, told, pass } = setUp();
  connections.stop();
  pass(60);
  expect(told).toEqual([]);
});

test('a long error is cut', () => {
  const { connections, told } = setUp();
  connections.disconnected('Pod', new RefusedError(403, 'x'.repeat(5000)));
  expect(told[0]?.detail.length).toBeLessThanOrEqual(500);
});
