/** `npm run bench [megabytes]`: what it costs, as ratios within one run. No test depends on it. */
import { fileURLToPath } from 'node:url';
import { benchDelivery } from './delivery.ts';
import { benchHistory } from './history.ts';
import { benchHunt } from './hunt.ts';
import { benchOutputs } from './outputs.ts';
import { benchPage } from './page.ts';
import { benchSensor } from './sensor.ts';
import { benchSpool } from './spool.ts';

const megabytes = Number(process.argv[2] ?? 320);
const truant = fileURLToPath(new URL('../../../bin/truant.js', import.meta.url));
for (const bench of [
  benchSensor,
  benchSpool,
  benchDelivery,
  benchHistory,
  benchPage,
  () => benchOutputs(truant),
  () => benchHunt(truant, megabytes),
]) {
  for (const line of await bench()) process.stdout.write(`${line}\n`);
}
