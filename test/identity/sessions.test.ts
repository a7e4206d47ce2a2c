import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import type { Person } from '../../collector/identity/caller.ts';
import { SESSION_ENDS, Sessions } from '../../collector/identity/sessions.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { HOUR, MINUTE } from '../../shared/time.ts';

let now: number;
let registry: Registry;
beforeEach(() => {
  now = 0;
  registry = new Registry();
});

const made = (more: object = {}) =>
  new Sessions({
    idle: HOUR,
    total: 12 * HOUR,
    clock: { now: () => now },
    metrics: componentMetrics(registry, 'sessions', { dropped: SESSION_ENDS }),
    ...more,
  });
const person = (name: string): Person => ({ role: 'viewer', id: `sub ${name}`, name });

async function ended(reason: string): Promise<number | undefined> {
  const { values = [] } = (await registry.getSingleMetric('truant_dropped_total')?.get()) ?? {};
  return values.find(({ labels }) => labels['reason'] === reason)?.value;
}

test('a session is known by its id, and by nothing else of it', () => {
  const sessions = made();
  const { id, session } = sessions.begin(person('mia'), 'token');
  expect(id).toMatch(/^[\w-]{43}$/);
  expect(session).toMatchObject({ caller: { name: 'mia' }, by: 'token', expiresAt: 12 * HOUR });
  expect(sessions.find(id)).toBe(session);
  expect(JSON.stringify(session)).not.toContain(id);
  for (const guess of ['', 'x', session.csrf, ...Object.values(session), '__proto__']) {
    expect(sessions.find(String(guess))).toBeUndefined();
  }
});

test('each has an id and a CSRF token of its own', () => {
  const sessions = made();
  const all = Array.from({ length: 20 }, () => sessions.begin(person('mia'), 'token'));
  expect(new Set(all.flatMap(({ id, session }) => [id, session.csrf])).size).toBe(40);
});

test('it is over when nothing has been asked for an hour', async () => {
  const sessions = made();
  const { id, session } = sessions.begin(person('mia'), 'token');
  now += HOUR - 1;
  expect(sessions.find(id)).toBe(session);
  now += HOUR - 1;
  expect(sessions.find(id)).toBe(session);
  now += HOUR;
  expect(sessions.stillGood(session)).toBe(false);
  expect(sessions.find(id)).toBeUndefined();
  expect(await ended('over')).toBe(1);
});

test('it is over after twelve, however much is asked', () => {
  const sessions = made();
  const { id, session } = sessions.begin(person('mia'), 'token');
  for (; now < 12 * HOUR; now += 30 * MINUTE) expect(sessions.find(id)).toBe(session);
  expect(sessions.find(id)).toBeUndefined();
  expect(sessions.stillGood(session)).toBe(false);
});

test('an answer that goes on does not keep it from being over', () => {
  const sessions = made();
  const { session } = sessions.begin(person('mia'), 'token');
  for (; now < HOUR; now += MINUTE) expect(sessions.stillGood(session)).toBe(true);
  expect(sessions.stillGood(session)).toBe(false);
});

test('who has logged out has, at once', async () => {
  const sessions = made();
  const [one, other] = [sessions.begin(person('mia'), 'token'), sessions.begin(person('mia'), 'token')];
  sessions.end(one.session);
  sessions.end(one.session);
  expect(sessions.find(one.id)).toBeUndefined();
  expect(sessions.stillGood(one.session)).toBe(false);
  expect(sessions.find(other.id)).toBe(other.session);
  expect(await ended('logged-out')).toBe(1);
});

test('there are so many at a time: who is silent makes room', async () => {
  const sessions = made({ max: 3 });
  const [a, b] = ['a', 'b', 'c'].map((name) => sessions.begin(person(name), 'token')) as [Begun, Begun];
  sessions.find(a.id);
  sessions.begin(person('d'), 'token');
  expect(sessions.find(a.id)).toBe(a.session);
  expect(sessions.find(b.id)).toBeUndefined();
  expect(await ended('pushed-out')).toBe(1);
});
type Begun = ReturnType<Sessions['begin']>;

test('nobody pushes out others by logging in again and again', async () => {
  const sessions = made({ max: 10, maxEach: 3 });
  const other = sessions.begin(person('other'), 'token');
  const first = sessions.begin(person('mia'), 'token');
  for (let n = 0; n < 50; n += 1) {
    now += 1;
    sessions.begin(person('mia'), 'token');
  }
  expect(sessions.find(other.id)).toBe(other.session);
  expect(sessions.find(first.id)).toBeUndefined();
  expect(await ended('pushed-out')).toBe(48);
});

test('those that are over make room first', async () => {
  const sessions = made({ max: 2 });
  sessions.begin(person('a'), 'token');
  now += HOUR;
  const b = sessions.begin(person('b'), 'token');
  const c = sessions.begin(person('c'), 'token');
  expect([sessions.find(b.id), sessions.find(c.id)]).toEqual([b.session, c.session]);
  expect([await ended('over'), await ended('pushed-out')]).toEqual([1, 0]);
});
