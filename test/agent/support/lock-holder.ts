/** Locks the folder that it is told, says so, and lives on. */
import { lockFolder } from '../../../agent/state-lock.ts';

try {
  await lockFolder(process.argv[2] as string);
  process.stdout.write('locked\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${(error as { code: string }).code}\n`);
}
