import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHeartbeat, type HeartbeatOptions } from '../../agent/heartbeat.ts';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { Heartbeat } from '../../shared/schema/observation.ts';
import { MINUTE, SECOND, wallClock } from '../../shared/time.ts';
import { VERSION } from '../../shared/version.ts';
import { START } from '../collector/support/make.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: START / 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const part = (name: string, degraded?: string): Component =>
  createComponent(name, { start: () => undefined, stop: () => undefined, degraded: () => degraded });

function heart(more: Partial<HeartbeatOptions> = {}) {
  const beats: Heartbeat[] = [];
  const component: Component = createHeartbeat({
    node: 'node-a',
    clock: wallClock,
    components: () => [component],
    lag: () => undefined,
    waiting: () => ({ records: 0, bytes: 0 }),
    // What is not as it is to be sent would be set aside by whoever receives it.
    offer: (heartbeat) => beats.push(Heartbeat.parse(heartbeat)),
    ...more,
  });
  const pass = (time: number) => vi.advanceTimersByTime(time / 1000);
  return { component, beats, pass };
}

describe('the heart of an agent', () => {
  test('beats when it starts, once a minute from then on, and no more once it is stopped', async () => {
    const { component, beats, pass } = heart();
    pass(3 * SECOND);
    await component.start();
    pass(59 * SECOND);
    expect(beats.map(({ time }) => time)).toEqual([START + 3 * SECOND]);
    pass(61 * SECOND);
    expect(beats.map(({ time }) => time - START)).toEqual([3, 63, 123].map((n) => n * SECOND));
    expect(new Set(beats.map(({ startedAt }) => startedAt))).toEqual(new Set([START + 3 * SECOND]));
    expect(new Set(beats.map(({ id }) => id)).size).toBe(3);
    await component.stop();
    pass(10 * MINUTE);
    expect(beats).toHaveLength(3);
  });

  test("goes by the clock that it is given: a playback's minutes are shorter, and one that is put back is followed", async () => {
    let now = START;
    const { component, beats, pass } = heart({ clock: { now: () => now } });
    await component.start();
    now += MINUTE;
    pass(SECOND);
    expect(beats.map(({ time }) => time - START)).toEqual([0, MINUTE]);
    now -= 10 * MINUTE;
    pass(SECOND);
    expect(beats.map(({ time }) => time - START)).toEqual([0, MINUTE, -9 * MINUTE]);
    pass(10 * MINUTE);
    expect(beats).toHaveLength(3);
    await component.stop();
  });

  test('says of which version the agent is, and how its parts are', async () => {
    const parts = [part('audit-file', 'file-missing: /audit.log'), part('outbox')];
    for (const one of parts) await one.start();
    const { component, beats } = heart({
      components: () => [...parts, part('kubernetes'), component],
      lag: () => 5 * SECOND,
      waiting: () => ({ records: 7, bytes: 700 }),
    });
    await component.start();
    expect(beats).toEqual([
      expect.objectContaining({
        kind: 'heartbeat',
        node: 'node-a',
        version: VERSION,
        parts: [
          { name: 'audit-file', state: 'degraded', detail: 'file-missing: /audit.log' },
          { name: 'outbox', state: 'running' },
          { name: 'kubernetes', state: 'idle' },
        ],
        lag: 5 * SECOND,
        waiting: { records: 7, bytes: 700 },
      }),
    ]);
    await component.stop();
  });

  test('is bounded, whatever its parts say', async () => {
    const parts = Array.from({ length: 50 }, (_, n) => part(`${n}`.repeat(100), 'x'.repeat(5000)));
    for (const one of parts) await one.start();
    const { component, beats } = heart({ components: () => parts });
    await component.start();
    expect(beats[0]?.parts).toHaveLength(32);
    await component.stop();
  });

  test('does not say how far behind it is where that is not known', async () => {
    const { component, beats } = heart();
    await component.start();
    expect(beats[0]).not.toHaveProperty('lag');
    await component.stop();
  });
});
