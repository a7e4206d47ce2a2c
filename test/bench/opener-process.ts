/**
 * Opens a file again and again and says how long that took: `opener-process <file> <count> <pause in ms>`. Prints the
 * microseconds of each open as a JSON list.
 */
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const [file = '', count = '0', pause = '0'] = process.argv.slice(2);
const microseconds: number[] = [];
for (let i = 0; i < Number(count); i += 1) {
  const started = process.hrtime.bigint();
  const fd = openSync(file, 'r');
  microseconds.push(Number(process.hrtime.bigint() - started) / 1000);
  closeSync(fd);
  if (pause !== '0') await delay(Number(pause));
}
process.stdout.write(JSON.stringify(microseconds));
