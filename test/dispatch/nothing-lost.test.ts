/**
 * Alerts come, change and close in any order while the other side is down, does not answer or refuses, and the collector ends or is
 * killed at any moment: in the end it was told of each in its last state, in order, and of the same by the same id.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueOf } from '../../collector/dispatch/events.ts';
import type { OutputProgress, Told } from '../../collector/store/outputs.ts';
import type { Store } from '../../collector/store/store.ts';
import { type Alert, SEVERITIES, type Severity } from '../../shared/schema/alert.ts';
import { CLUSTER } from '../collector/support/make.ts';
import { Dispatching } from './support/dispatching.ts';
import { Receiver } from './support/receiver.ts';

type Step =
  | { do: 'alert'; id: string; severity: Severity; status: Alert['status'] }
  | { do: 'other side'; is: 'well' | 'down' | 'mute' }
  | { do: 'refuse' | 'take'; id: string }
  | { do: 'wait'; seconds: number }
  | { do: 'end' | 'kill' | 'kill before the next is stored' | 'replay' };

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('alert' as const),
      id,
      severity: fc.constantFrom(...SEVERITIES),
      status: fc.constantFrom('open' as const, 'open' as const, 'acknowledged' as const, 'closed' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('other side' as const),
      is: fc.constantFrom('well' as const, 'down' as const, 'mute' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('refuse' as const, 'take' as const), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'end' as const,
        'kill' as const,
        'kill before the next is stored' as const,
        'replay' as const,
      ),
    }),
  },
);
const settings = fc.record({
  updateSeconds: fc.constantFrom(0, 30),
  minSeverity: fc.constantFrom('info' as const, 'medium' as const),
  maxBatch: fc.constantFrom(1, 3),
  rateLimit: fc.constantFrom({}, {}, { alerts: 2, perSeconds: 60 }),
});

class World {
  readonly at: Dispatching;
  readonly receiver = new Receiver();
  readonly #settings: { maxBatch: number; minSeverity: Severity };
  /** Alerts that the cursor has passed though they were not done with. */
  readonly passed: string[] = [];
  readonly #revisions = new Map<string, number>();
  readonly #store: Store;
  /** The collector that runs is a new one whenever this grows. */
  #life = 0;
  #diesNext = false;

  constructor(at: Dispatching, given: { maxBatch: number; minSeverity: Severity }) {
    this.at = at;
    this.#settings = given;
    this.#store = at.time.watched(at.store);
  }

  async start(): Promise<void> {
    this.#life += 1;
    const life = this.#life;
    const { maxBatch, ...rest } = this.#settings;
    const output = this.receiver.output({ maxBatch });
    const isDead = () => life !== this.#life;
    const never = new Promise<never>(() => undefined);
    // Of a process that was killed nothing is ever heard again.
    const store = new Proxy(this.#store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (name === 'saveOutput' && !isDead() && this.#diesNext) this.kill();
          if (isDead()) return never;
          const result = value.apply(target, given) as Promise<unknown>;
          return name === 'saveOutput' ? result.then(() => this.#lookForPassed(given[0] as OutputProgress)) : result;
        };
      },
    });
    const deliver: typeof output.deliver = (messages, signal) =>
      isDead() ? never : output.deliver(messages, signal).then((given) => (isDead() ? never : given));
    await this.at.start({ siem: { settings: { ...rest, giveUpHours: 1 }, output: { ...output, deliver } } }, store);
  }

  kill(): void {
    this.#life += 1;
    this.#diesNext = false;
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case 'alert': {
        const revision = (this.#revisions.get(step.id) ?? 0) + 1;
        this.#revisions.set(step.id, revision);
        const { severity, status } = step;
        return this.at.put(this.at.alert(step.id, { revision, severity, status }));
      }
      case 'other side':
        this.receiver.isDown = step.is === 'down';
        this.receiver.isMute = step.is === 'mute';
        return;
      case 'refuse':
        this.receiver.refused.add(step.id);
        return;
      case 'take':
        this.receiver.refused.delete(step.id);
        return;
      case 'wait':
        return this.at.time.advance(step.seconds * 1000);
      case 'replay':
        await this.at.dispatch?.replay('siem');
        return this.at.time.settled();
      case 'end':
        await this.end();
        return this.start();
      case 'kill':
        this.kill();
        return this.start();
      case 'kill before the next is stored':
        this.#diesNext = true;
        await this.at.time.advance(1000);
        if (!this.#diesNext) await this.start();
        this.#diesNext = false;
    }
  }

  async end(): Promise<void> {
    const ending = this.at.dispatch?.component.stop();
    await this.at.time.advance(10_000);
    await ending;
  }

  /** Once everything works again, and has had time. */
  async recover(): Promise<void> {
    this.receiver.isDown = false;
    this.receiver.isMute = false;
    this.receiver.refused.clear();
    this.kill();
    await this.start();
    await this.at.time.advance(200_000);
    await this.at.dispatch?.replay('siem');
    await this.at.time.advance(300_000);
  }

  /** All that the cursor has passed should have been told, or be a dead letter, or not be for the output. */
  async #lookForPassed({ cursor }: OutputProgress): Promise<void> {
    for (const { change, alert } of await this.#store.changedAlerts(0, 1000)) {
      if (change > cursor.change) continue;
      // Thrown here, it would be taken for trouble of the store.
      if (!(await this.#isDone(alert)))
        this.passed.push(`${alert.id} at ${alert.revision}, change ${change} of ${cursor.change}`);
    }
  }

  async #isDone(alert: Pick<Alert, 'id' | 'revision' | 'status' | 'severity'>): Promise<boolean> {
    const [told] = await this.told(alert.id);
    if (dueOf(alert, told).length === 0) return true;
    const { items } = await this.#store.deadLetters({ output: 'siem' }, { limit: 100 });
    const isDead = items.some((letter) => letter.alert === alert.id && letter.revision === alert.revision);
    return isDead || (told === undefined && !this.isFor(alert));
  }

  isFor({ severity }: Pick<Alert, 'severity'>): boolean {
    return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(this.#settings.minSeverity);
  }

  told(id: string): Promise<Told[]> {
    return this.#store.toldOf('siem', [{ cluster: CLUSTER, id }]);
  }
}

async function expectAllTold(world: World): Promise<void> {
  expect(world.passed).toEqual([]);
  const { received } = world.receiver;
  const texts = new Map<string, string>();
  const last = new Map<string, { revision: number; isClosed: boolean }>();
  for (const { notice, text } of received) {
    if (notice.kind === 'summary') continue;
    const { id, revision, status } = notice.alert;
    expect(notice.id).toBe(`${CLUSTER}/${id}/${revision}/${notice.event}`);
    // Sent again, it is the same to the letter.
    expect(text).toBe(texts.get(notice.id) ?? text);
    texts.set(notice.id, text);
    expect(revision).toBeGreaterThanOrEqual(last.get(id)?.revision ?? 0);
    const isClosed = status === 'closed' && notice.event !== 'create';
    last.set(id, { revision, isClosed });
  }
  for (const { alert } of await world.at.store.changedAlerts(0, 1000)) {
    const [told] = await world.told(alert.id);
    if (told === undefined && !world.isFor(alert)) continue;
    expect(told, alert.id).toMatchObject({ revision: alert.revision });
    expect(dueOf(alert, told)).toEqual([]);
    const isSummarised = received.some(({ notice }) => notice.kind === 'summary');
    if (isSummarised) continue;
    expect(last.get(alert.id)).toEqual({ revision: alert.revision, isClosed: alert.status === 'closed' });
  }
  expect(await world.at.store.deadLetterCounts()).toEqual(new Map());
}

test('nothing is lost, whatever happens', async () => {
  let steps = 0;
  let messages = 0;
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { minLength: 5, maxLength: 40 }), async (given, story) => {
      const at = await Dispatching.open();
      try {
        const world = new World(at, given);
        await world.start();
        for (const one of story) await world.do(one);
        await world.recover();
        await expectAllTold(world);
        steps += story.length;
        messages += world.receiver.received.length;
      } finally {
        await at.dispose();
      }
    }),
    { numRuns: Number(process.env['TRUANT_TEST_RUNS'] ?? 40) },
  );
  expect(messages).toBeGreaterThan(steps / 10);
}, 600_000);
