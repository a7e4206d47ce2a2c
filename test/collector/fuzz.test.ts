/**
 * Hostile bodies over real HTTP: whatever comes, the collector answers it with 200 or a problem, goes on, and everything is
 * counted once: as stored, as a duplicate, as set aside, or as refused.
 */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../collector/correlate/correlation.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import { Envelope } from '../../shared/schema/envelope.ts';
import { mutate, randomness } from '../normalise/mutations.ts';
import { arbitraryOf } from './support/arbitrary-of.ts';
import { issue, read, START, status, tokenFile, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const BODIES = Number(process.env['TRUANT_TEST_FUZZ'] ?? 4000);
const AT_A_TIME = 8;

/** Of envelopes as they should be, others that only fit the schema, and damaged ones; some of the bodies damaged as well. */
function* bodies(seed: number): Generator<{ raw: Uint8Array; headers: Record<string, string> }> {
  const random = randomness(seed);
  const good = [use(1), use(2, { source: '203.0.113.9' }), issue(3), read(4), tokenFile(5), status(6)];
  const fitting = fc
    .sample(arbitraryOf(Envelope), { numRuns: 300, seed })
    .map((envelope, n) => ({ ...envelope, cluster: `c${n % 4}`, stream: `c${n % 4}/${envelope.agent}/x` }));
  const sound = [...good.flatMap((one, n) => batch(n, [one])), ...fitting].map((envelope) => JSON.stringify(envelope));
  const damaged = mutate(sound, Infinity, seed);
  for (;;) {
    const some = Array.from({ length: 1 + random(4) }, () =>
      random(3) === 0 ? sound[random(sound.length)] : (damaged.next().value as string),
    );
    const text = Buffer.from(some.join('\n'));
    const kind = random(20);
    if (kind === 0) {
      const gzipped = gzipSync(text);
      for (let flips = 3; flips > 0; flips -= 1) gzipped[random(gzipped.length)] = random(256);
      yield { raw: gzipped, headers: { 'content-encoding': 'gzip' } };
    } else if (kind === 1) {
      yield { raw: text, headers: { 'content-encoding': ['gzip', 'br', 'identity'][random(3)] as string } };
    } else if (kind < 5) yield { raw: gzipSync(text), headers: { 'content-encoding': 'gzip' } };
    else yield { raw: text, headers: {} };
  }
}

describe(`${BODIES} hostile bodies`, () => {
  let running: Running;

  beforeEach(async () => {
    running = await runCollector(
      {},
      {
        clock: { now: () => START + 3_600_000_000 },
        newCorrelator: (cluster) => new Correlator({ cluster, scopes: ['cluster'] }),
      },
    );
  });

  afterEach(() => running.stop());

  test('are each answered and counted, and the collector goes on', async () => {
    const next = bodies(20_261_124);
    const answers: Record<number, number> = {};
    const told = { accepted: 0, duplicates: 0, rejected: 0 };
    const send = async (): Promise<void> => {
      const response = await running.post([], next.next().value);
      answers[response.status] = (answers[response.status] ?? 0) + 1;
      if (response.status === 200) {
        const receipt = (await response.json()) as Receipt;
        for (const name of Object.keys(told) as (keyof Receipt)[]) told[name] += receipt[name];
      } else await response.arrayBuffer();
    };
    for (let sent = 0; sent < BODIES; sent += AT_A_TIME) {
      await Promise.all(Array.from({ length: AT_A_TIME }, send));
    }
    const { 200: taken = 0, 400: bad = 0, 413: large = 0, 415: unsupported = 0, 429: busy = 0, ...others } = answers;
    expect(others).toEqual({});
    expect(taken + bad + large + unsupported + busy).toBe(BODIES);
    expect(Math.min(taken, bad, unsupported)).toBeGreaterThan(BODIES / 100);

    const metrics = await (await running.get('/metrics')).text();
    const sum = (name: string, labels: string): number =>
      [...metrics.matchAll(new RegExp(`truant_${name}_total{component="receive-http"${labels}} (\\d+)`, 'g'))].reduce(
        (total, [, count]) => total + Number(count),
        0,
      );
    const findings = sum('dead_letters', ',reason="finding-malformed"');
    expect(sum('received', '')).toBe(told.accepted + told.duplicates + told.rejected);
    expect(sum('sent', '')).toBe(told.accepted);
    // What is set aside below a stream's position is told as a duplicate.
    const aside = sum('dead_letters', ',reason="[a-z-]+"') - findings;
    expect(aside).toBeGreaterThanOrEqual(told.rejected);
    expect(aside).toBeLessThanOrEqual(told.rejected + told.duplicates);
    expect(sum('errors', ',error_type="refused"') + sum('errors', ',error_type="overloaded"')).toBe(BODIES - taken);
    expect(sum('errors', ',error_type="(?:other|unavailable)"')).toBe(0);

    const { store } = (await running.json('/api/v1/status')) as { store: { observations: number } };
    expect(store.observations).toBe(told.accepted);
    const after = await running.post(batch(0, [use(99)], { agent: 'node-z', stream: 'demo/node-z/1' }));
    expect(await after.json()).toEqual({ accepted: 1, duplicates: 0, rejected: 0 });
  }, 600_000);
});
