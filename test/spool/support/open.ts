/** Spools in folders of their own, whose records a test names by number. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { afterEach } from 'vitest';
import { z } from 'zod';
import { observationOf, type SpoolRecord } from '../../../agent/spool/record.ts';
import { SPOOL_LABELS, Spool, type SpoolOptions } from '../../../agent/spool/spool.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import { silent } from '../../audit-file/lab.ts';
import { use } from '../../collector/support/make.ts';

/** As good as any: a place in a log is a number. */
const Place = z.int();
export const MEGABYTE = 1024 * 1024;
export const ALL = { records: 1_000_000, bytes: Number.POSITIVE_INFINITY };

const open = new Set<Spool<number>>();
const folders: string[] = [];

afterEach(async () => {
  for (const spool of open) await close(spool);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Where a spool is to be; nothing is there yet. */
export function place(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'truant-spool-'));
  folders.push(root);
  return path.join(root, 'spool');
}

export interface Counted extends Spool<number> {
  count(name: 'received' | 'sent' | 'dropped' | 'dead_letters' | 'errors'): Promise<number>;
}

export async function opened(folder: string, more: Partial<SpoolOptions<number>> = {}): Promise<Counted> {
  const registry = new Registry();
  const spool = await Spool.open({
    folder,
    place: Place,
    maxBytes: 16 * MEGABYTE,
    logger: silent,
    metrics: componentMetrics(registry, 'spool', SPOOL_LABELS),
    onDamaged: () => undefined,
    ...more,
  });
  open.add(spool);
  const count = async (name: string): Promise<number> => {
    const metrics = await registry.getMetricsAsJSON();
    const values = metrics.find((metric) => metric.name === `truant_${name}_total`)?.values ?? [];
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return Object.assign(spool, { count });
}

export async function close(spool: Spool<number>): Promise<void> {
  open.delete(spool);
  await spool.close();
}

export const uses = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, n) => ({ observation: use(from + n), findings: [] }));

/** Ids of what is there to be delivered. */
export const ids = (records: readonly SpoolRecord[]): string[] => records.map((record) => observationOf(record).id);
