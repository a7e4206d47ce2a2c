/**
 * Delivers line after line, and says on its standard error what is delivered: to the file that it is told, or to its standard
 * output; then it also says that other things go on.
 */
import { writeSync } from 'node:fs';
import { createFileOutput } from '../../../collector/outputs/file/file-output.ts';
import { createStdoutOutput } from '../../../collector/outputs/stdout/stdout-output.ts';
import { testNotice } from '../../../shared/formats/test-alert.ts';

const [path, from = '0'] = process.argv.slice(2);
const say = (line: string) => writeSync(2, `${line}\n`);
const output =
  path === undefined ? createStdoutOutput() : createFileOutput({ settings: { path, maxMegabytes: 1, keep: 1000 } });
const notice = testNotice('lines', 'run', 0);
const never = new AbortController().signal;

const others = path === undefined ? setInterval(() => say('goes on'), 20) : undefined;
try {
  for (let at = Number(from); ; ) {
    const count = 1 + (at % 7);
    const messages = Array.from({ length: count }, (_, n) => ({
      notice,
      text: JSON.stringify({ at: at + n, fill: 'x'.repeat(20_000) }),
    }));
    await output.deliver(messages, never);
    at += count;
    say(`delivered ${at}`);
  }
} catch (error) {
  say(`failed ${String(error)}`);
  clearInterval(others);
}
