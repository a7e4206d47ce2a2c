/** Commits batch after batch to the store that it is told, and says each one's position once it is stored. */
import { writeSync } from 'node:fs';
import { openDuckDbStore } from '../../../collector/store/duckdb/duckdb-store.ts';
import { DAY, formatTime } from '../../../shared/time.ts';
import { alert, DECIDING, HOME, idOf, START, send, use } from './make.ts';

const BATCH = 40;
const file = process.argv[2] as string;
const store = await openDuckDbStore({
  path: file,
  memoryMegabytes: 256,
  threads: 1,
  queryTimeoutMs: 10_000,
  at: START,
});
const say = (line: string) => writeSync(1, `${line}\n`);

let position = (await store.streams())[0]?.position ?? 0;
say(`from ${position}`);
for (;;) {
  const revision = position / BATCH + 1;
  const batch = Array.from({ length: BATCH }, (_, n) => use(position + n));
  // The last of each batch is decided with the next one, so that rows move between tables all the time.
  const earlier = position === 0 ? [] : ([[idOf(position - 1), HOME]] as [string, typeof HOME][]);
  const verdicts = batch.map(({ id }, n): [string, typeof HOME] => [id, n === BATCH - 1 ? DECIDING : HOME]);
  const alerts = [alert('a1', { revision, summary: 'x'.repeat(20_000), updatedAt: formatTime(START + revision) })];
  position = (await send(store, position, batch, [...earlier, ...verdicts], { alerts })).position;
  say(`stored ${position}`);
  if (revision % 7 === 0) await store.retain({ now: START, maxAge: DAY, maxBytes: 1e12 });
}
