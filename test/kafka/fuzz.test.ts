/** Hostile records on a real broker: each is stored, known already or set aside, and counted once; nothing gets stuck. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hostileEnvelopes } from '../collector/support/hostile.ts';
import { use } from '../collector/support/make.ts';
import type { Running } from '../collector/support/running.ts';
import { counted, storedIds, storedStreams } from '../support/asked.ts';
import { type Broker, becauseNoKafka, startBroker, whyNoKafka } from '../support/kafka/broker.ts';
import { collectorOf, produce, section } from '../support/kafka/lab.ts';
import { envelopeOf } from '../support/runs.ts';

const RECORDS = Number(process.env['TRUANT_TEST_FUZZ'] ?? 4000);
const CHUNK = 200;
const PATIENCE = 600_000;

describe.skipIf(whyNoKafka !== undefined)(`${RECORDS} hostile records${becauseNoKafka}`, () => {
  let broker: Broker;
  let collector: Running;

  beforeAll(async () => {
    broker = await startBroker();
  }, PATIENCE);
  afterAll(async () => {
    await collector?.stop();
    await broker?.dispose();
  });

  test(
    'are each counted, and what comes after them is stored',
    async () => {
      const kafka = section(broker.listeners.plaintext, { partitions: 1 });
      collector = await collectorOf(kafka);
      const records = hostileEnvelopes(20_261_125);
      for (let sent = 0; sent < RECORDS; sent += CHUNK) {
        await produce(
          kafka,
          Array.from({ length: CHUNK }, () => records.next().value),
        );
      }
      const last = use(99);
      await produce(kafka, [JSON.stringify(envelopeOf(0, last, { agent: 'node-z' }))]);
      await vi.waitFor(
        async () => expect((await storedStreams(collector)).some(({ agent }) => agent === 'node-z')).toBe(true),
        { timeout: PATIENCE, interval: 500 },
      );
      expect(await storedIds(collector)).toContain(last.id);

      const count = (name: string, more: object = {}) =>
        counted(collector.registry, `truant_${name}_total`, { component: 'receive-kafka', ...more });
      expect(await count('received')).toBe(RECORDS + 1);
      const { store } = (await collector.json('/api/v1/status')) as { store: { observations: number } };
      expect(await count('sent')).toBe(store.observations);
      // Each kind of what can be wrong with a record has come up.
      for (const reason of ['not-json', 'not-an-envelope', 'malformed', 'unknown-kind']) {
        expect([reason, await count('dead_letters', { reason })]).toEqual([reason, expect.toSatisfy((n) => n > 0)]);
      }
    },
    PATIENCE,
  );
});
