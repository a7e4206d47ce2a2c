/**
 * Hostile bodies over real HTTP: whatever comes, the collector answers it with 200 or a problem, goes on, and everything is
 * counted once: as stored, as a duplicate, as set aside, or as refused.
 */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../collector/correlate/correlation.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import { randomness } from '../normalise/mutations.ts';
import { hostileEnvelopes } from './support/hostile.ts';
import { START, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const BODIES = Number(process.env['TRUANT_TEST_FUZZ'] ?? 4000);
const AT_A_TIME = 8;

/** One to four lines each, some packed, some of those damaged. */
function* bodies(seed: number): Generator<{ raw: Uint8Array; headers: Record<string, string> }> {
  const random = randomness(seed);
  const lines = hostileEnvelopes(seed);
  for (;;) {
    const some = Array.from({ length: 1 + random(4) }, () => lines.next().value);
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
