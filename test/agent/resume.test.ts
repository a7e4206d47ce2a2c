/** What an agent had not released when it was killed: the next one takes it up, and reads nothing again. */
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { FileObserver } from '../../agent/file-observer.ts';
import { Observer } from '../../agent/observer.ts';
import { Pipeline } from '../../agent/pipeline.ts';
import { ReadFold } from '../../agent/read-fold.ts';
import { Statuses } from '../../agent/source-status.ts';
import { AuditCheckpoint } from '../../agent/sources/audit-file/checkpoint.ts';
import { observationOf } from '../../agent/spool/record.ts';
import { SPOOL_LABELS, Spool } from '../../agent/spool/spool.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { toPolicy } from '../../shared/config/policy.ts';
import { Memory } from '../../shared/detection/memory.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { parseTime, SECOND, wallClock } from '../../shared/time.ts';
import { silent, useLine } from '../audit-file/lab.ts';
import { ALL, place } from '../spool/support/open.ts';
import { at, openLine } from './reads.ts';

const HERE: AuditCheckpoint = { version: 1, after: null, file: null };
const HOLD_BACK = 5 * SECOND;
const TIME = '2026-11-23T18:00:00.000000Z';
const WHEN = parseTime(TIME) as number;

/** Lines of uses from an address that nobody is known to hold. */
const lines = (from: number, until: number): Buffer[] =>
  Array.from({ length: until - from }, (_, n) => {
    const event = JSON.parse(useLine(from + n)) as object;
    return Buffer.from(JSON.stringify({ ...event, requestReceivedTimestamp: TIME, stageTimestamp: TIME }));
  });

async function pipelineOn(folder: string) {
  const registry = new Registry();
  const policy = toPolicy(parseConfig({}), wallClock);
  const spool = await Spool.open({
    folder,
    place: AuditCheckpoint,
    maxBytes: 16 * 1024 * 1024,
    logger: silent,
    metrics: componentMetrics(registry, 'spool', SPOOL_LABELS),
    onDamaged: () => undefined,
  });
  const observer = new Observer({
    node: 'node-a',
    inventory: new ClusterInventory({ mode: 'live', networks: parseConfig({}).networks }),
    holdBack: HOLD_BACK,
    normalise: { isTrustedProxy: () => false },
    onReject: () => undefined,
    onHold: (observation) => pipeline.hold(observation),
  });
  const pipeline: Pipeline = new Pipeline({
    observer,
    files: new FileObserver({ node: 'node-a', policy, onReject: () => undefined, onExcuse: () => undefined }),
    fold: new ReadFold(600 * SECOND),
    memory: new Memory({ learningPeriod: policy.learningPeriod }),
    statuses: new Statuses('node-a'),
    spool,
    policy,
    logger: silent,
    registry,
  });
  const take = (batch: Buffer[]) =>
    pipeline.take({ lines: batch, linesRead: batch.length, bytesRead: 1, checkpoint: HERE });
  return { spool, pipeline, take, released: (): Observation[] => spool.read(ALL).map(observationOf) };
}

const auditIds = (observations: readonly Observation[]): string[] =>
  observations.flatMap((observation) => ('auditID' in observation ? [observation.auditID] : []));

describe('an agent that was killed', () => {
  test('had requests held back: they are held back again, and released in their time, once', async () => {
    const folder = place();
    const before = await pipelineOn(folder);
    await before.take(lines(0, 5));
    expect(before.released()).toEqual([]);
    expect(before.spool.held.size).toBe(0);
    // Nothing is flushed: as if killed.
    await before.spool.close();

    const after = await pipelineOn(folder);
    expect(after.spool.checkpoint).toEqual(HERE);
    expect(after.spool.held.size).toBe(5);
    after.pipeline.resume();
    await after.take(lines(5, 7));
    expect(after.released()).toEqual([]);
    after.pipeline.advance(WHEN + HOLD_BACK);
    await after.spool.written();
    expect(auditIds(after.released()).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `use-${n}`));
    await after.spool.close();

    const last = await pipelineOn(folder);
    expect([last.spool.held.size, last.spool.records]).toEqual([0, 7]);
    await last.spool.close();
  });

  test('had reads folded: they are told, with their number', async () => {
    const folder = place();
    const before = await pipelineOn(folder);
    before.pipeline.see(Array.from({ length: 10 }, (_, second) => ({ about: 'open', value: openLine(second) })));
    before.pipeline.advance(at(11));
    await before.spool.written();
    expect(before.released()).toMatchObject([{ kind: 'read', time: at(0) }]);
    await before.spool.close();

    const after = await pipelineOn(folder);
    after.pipeline.resume();
    await after.spool.written();
    expect(after.released()).toMatchObject([
      { kind: 'read', time: at(0) },
      { kind: 'read', time: at(9), repeats: 8 },
    ]);
    await after.spool.close();
    const last = await pipelineOn(folder);
    expect([last.spool.held.size, last.spool.records]).toEqual([0, 2]);
    await last.spool.close();
  });

  test('stops with what is held back still held, and what was folded told', async () => {
    const folder = place();
    const agent = await pipelineOn(folder);
    await agent.take(lines(0, 3));
    agent.pipeline.see([0, 1, 2].map((second) => ({ about: 'open', value: openLine(second) })));
    agent.pipeline.flush();
    await agent.spool.written();
    expect(agent.released().map(({ kind }) => kind)).toEqual(['read', 'read']);
    await agent.spool.close();
    const next = await pipelineOn(folder);
    expect(next.spool.held.size).toBe(3);
    await next.spool.close();
  });
});

test('what a source says twice at the same time is two', () => {
  const said = { source: 'audit-file', status: 'gap', reason: 'truncated', detail: 'x', time: WHEN } as const;
  const statuses = new Statuses('node-a');
  const ids = [statuses.of(said), statuses.of(said), new Statuses('node-a').of(said)].map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
});
