/**
 * A process that runs the sensor until it is killed: `sensor-process <pods> <options as JSON>`. Prints a line of JSON for
 * each report of opens, how many, and each status, and ends on a line of input: `stop` stops the sensor first, `exit` does not.
 */
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { TokenOpensSource } from '../../../agent/sources/token-opens/token-opens-source.ts';

const [podsRoot = '', options = '{}'] = process.argv.slice(2);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const nothing = (): void => undefined;

const source = new TokenOpensSource({
  podsRoot,
  ...(JSON.parse(options) as object),
  onOpens: (opens) => print({ told: opens.length, attributed: opens.filter(({ proc }) => proc !== null).length }),
  onStatus: (status) => print(status),
  metrics: { received: nothing, sent: nothing, dropped: nothing, error: nothing },
  logger: pino({ level: 'silent' }),
});
await source.start();
print({ started: true });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') await source.stop();
  print({ ended: true });
  // As the command does it in the end.
  // oxlint-disable-next-line unicorn/no-process-exit
  process.exit(3);
}
