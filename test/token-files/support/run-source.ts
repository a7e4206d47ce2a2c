/** Watches the folder that it is told, and says as JSON what its source says; SIGTERM stops the source, and nothing else. */
import { pino } from 'pino';
import { TokenFilesSource } from '../../../agent/sources/token-files/token-files-source.ts';

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const source = new TokenFilesSource({
  podsRoot: process.argv[2] as string,
  node: 'node-a',
  pollMs: Number(process.argv[3]),
  retryMs: 2,
  onLines: (lines) => lines.forEach(say),
  onStatus: say,
  metrics: { dropped: () => undefined, error: () => undefined },
  logger: pino({ level: 'silent' }),
});
process.once('SIGTERM', () => void source.stop());
await source.start();
say({ started: true });
