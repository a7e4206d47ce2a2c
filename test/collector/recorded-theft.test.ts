/** Real observations, the real correlator, a real file: what comes of a recording must not depend on how it came in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Observer } from '../../agent/observer.ts';
import type { Store } from '../../collector/store/store.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import { Engine } from '../../shared/detection/engine.ts';
import { Memory } from '../../shared/detection/memory.ts';
import { defaultPolicy } from '../../shared/detection/policy.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { type Micros, SECOND } from '../../shared/time.ts';
import { loadRecording } from '../scenarios/recording.ts';
import { batch, gzipped, type Running, runCollector } from './support/running.ts';

const LEAD = 10 * SECOND;

/** What an agent would send of a recording. */
function observe(name: string): Observation[] {
  const { lines, inventory } = loadRecording(name);
  let fed = 0;
  const learnUntil = (time: Micros) => {
    for (let event = inventory[fed]; event && event.time <= time; event = inventory[++fed]) observer.learn(event);
  };
  const observer: Observer = new Observer({
    inventory: new ClusterInventory({ mode: 'live', networks: {} }),
    holdBack: 2 * SECOND,
    normalise: { isTrustedProxy: () => false },
    onReject: () => undefined,
    beforeTime: (seen) => learnUntil(seen + LEAD),
  });
  const observations = lines.flatMap((line) => observer.see(line));
  learnUntil(Infinity);
  return [...observations, ...observer.flush()];
}

/** What an agent finds in each. */
function findingsIn(observations: readonly Observation[]) {
  const engine = new Engine(rules, ['node'], defaultPolicy);
  const context = { placement: undefined, entry: undefined, memory: new Memory(), policy: defaultPolicy };
  return new Map(observations.map((observation) => [observation.id, engine.evaluate(observation, context)]));
}

describe.each(['02-exec-and-exfiltrate', '06-minting'])('%s through the collector', (name) => {
  const observations = observe(name);
  const findings = findingsIn(observations);
  let folder: string;
  let running: Running;
  /** The collector's clock: it has seen what it was sent. */
  let now: Micros = 0;

  const start = async () => {
    running = await runCollector(
      { store: { path: path.join(folder, 'truant.db') } },
      { clock: { now: () => now }, newCorrelator: (cluster) => new Correlator({ cluster, scopes: ['cluster'] }) },
    );
  };

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'truant-recorded-'));
    now = 0;
    await start();
  });

  afterEach(async () => {
    await running.stop();
    await rm(folder, { recursive: true });
  });

  async function post(from: number, until: number) {
    const run = observations.slice(from, until);
    now = Math.max(now, ...run.map(({ seen }) => seen));
    const envelopes = batch(from, run).map((envelope, n) => ({
      ...envelope,
      findings: findings.get(run[n]?.id ?? ''),
    }));
    const response = await running.post([], gzipped(envelopes));
    expect(response.status).toBe(200);
    return (await response.json()) as { accepted: number; duplicates: number; rejected: number };
  }

  /** Event time goes on until nothing waits any more; then what people would see. */
  async function result() {
    now += 120 * SECOND;
    await expect
      .poll(
        async () => {
          running.timers.fire();
          const { store } = (await running.json('/api/v1/status')) as { store: { undecided: number } };
          return store.undecided;
        },
        { timeout: 20_000 },
      )
      .toBe(0);
    const { items } = (await running.json('/api/v1/alerts')) as { items: Alert[] };
    const verdicts: Record<string, number> = {};
    const placed: string[] = [];
    let path = '/api/v1/uses?limit=1000';
    for (let next: string | null = ''; next !== null; path = `/api/v1/uses?limit=1000&cursor=${next}`) {
      const page = (await running.json(path)) as Awaited<ReturnType<Store['uses']>> & { next: string | null };
      for (const { use, placement } of page.items) {
        placed.push(use.id);
        const verdict = `${placement?.verdict} ${placement?.reason}`;
        verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      }
      next = page.next;
    }
    const alerts = items
      .map(({ id, principal, credential, severity, rules }) => ({ id, principal, credential, severity, rules }))
      .toSorted((a, b) => a.id.localeCompare(b.id));
    return { placed, verdicts, alerts };
  }

  test('the theft is caught, and it is the same with retries, overlaps and restarts', async () => {
    const total = observations.length;
    for (let from = 0; from < total; from += 500) await post(from, from + 500);
    const straight = await result();
    expect(straight.alerts.some(({ severity }) => severity === 'critical' || severity === 'high')).toBe(true);
    expect(straight.placed).toHaveLength(observations.filter(({ kind }) => kind === 'use').length);

    await running.stop();
    await rm(folder, { recursive: true });
    now = 0;
    await start();
    let restarts = 0;
    for (let from = 0; from < total; from += 30) {
      await post(Math.max(0, from - 12), from + 30);
      expect(await post(from, from + 30)).toMatchObject({ accepted: 0, rejected: 0 });
      if (restarts < 3 && from + 30 > ((restarts + 1) * total) / 4) {
        restarts += 1;
        await running.stop();
        await start();
      }
    }
    expect(restarts).toBe(3);
    expect(await result()).toEqual(straight);
  });
});
