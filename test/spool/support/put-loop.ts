/**
 * Puts observation after observation into the spool that it is told, delivers some of it, and says what is on disk. Told to
 * die while opening: ends as a process does that reads a page which is not there.
 */
import { writeSync } from 'node:fs';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { SPOOL_LABELS, Spool } from '../../../agent/spool/spool.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import { use } from '../../collector/support/make.ts';

const [folder = '', mode] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
/** The state is read once the file was opened, and before it was read to its end. */
const die = (place: number): boolean => {
  if (mode === 'die-while-opening') process.kill(process.pid, 'SIGSEGV');
  return place >= 0;
};

const spool = await Spool.open({
  folder,
  place: z.int().refine(die),
  maxBytes: 64 * 1024 * 1024,
  logger: createLogger({ level: 'silent' }),
  metrics: componentMetrics(new Registry(), 'spool', SPOOL_LABELS),
  onDamaged: () => say('damaged'),
});

/** So many were put, ever: the place in the log. */
let put = spool.checkpoint ?? 0;
say(`open ${spool.uuid} ${put}`);
for (let turn = 0; ; turn += 1) {
  const count = 1 + (turn % 40);
  const items = Array.from({ length: count }, (_, n) => ({ observation: use(put + n), findings: [] }));
  // One is held at a time, in place of the one before.
  const written = spool.put({
    items,
    hold: new Map([[`held-${put + count}`, use(put + count)]]),
    release: [...spool.held.keys(), `held-${put}`],
    checkpoint: put + count,
  });
  put += count;
  // Some are put while others are being written.
  if (turn % 3 !== 0) await written;
  if (turn % 3 === 1) {
    await spool.written();
    say(`durable ${put}`);
  }
  if (turn % 7 === 0) {
    const records = spool.read({ records: 50, bytes: 1e9 });
    if (records.length > 0) say(`delivered ${records[0]?.position} ${records.at(-1)?.position}`);
    spool.acknowledge(records);
  }
}
