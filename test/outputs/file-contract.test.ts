import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { createFileOutput } from '../../collector/outputs/file/file-output.ts';
import { createStdoutOutput } from '../../collector/outputs/stdout/stdout-output.ts';
import { describeOutput, type OtherSide, receivedOf } from './output-contract.ts';

const linesOf = (file: string) =>
  readFileSync(file, { encoding: 'utf8', flag: 'a+' })
    .split('\n')
    .filter((line) => line !== '')
    .map(receivedOf);

describeOutput('a file', {
  cannot: { breakHalfway: 'tried by a disk that is full', hang: 'a disk does not hang at will' },
  start: async (): Promise<OtherSide> => {
    const folder = mkdtempSync(path.join(tmpdir(), 'truant-file-'));
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    const file = path.join(disk, 'alerts.ndjson');
    return {
      output: createFileOutput({ settings: { path: file, maxMegabytes: 100, keep: 1 } }),
      received: async () => linesOf(file),
      goDown: async () => renameSync(disk, `${disk}-away`),
      comeBack: async () => renameSync(`${disk}-away`, disk),
      stop: async () => rmSync(folder, { recursive: true }),
    };
  },
});

describeOutput('the standard output', {
  cannot: {
    noticeLoss: 'what a reader had not read when it died is lost',
    breakHalfway: 'tried by a pipe that is closed',
    hang: 'tried by a pipe that nobody reads',
  },
  // A pipe to a process that writes what it reads to a file.
  start: async (): Promise<OtherSide> => {
    const folder = mkdtempSync(path.join(tmpdir(), 'truant-stdout-'));
    const file = path.join(folder, 'read');
    const begin = (): ChildProcess & { stdin: Writable } => {
      const child = spawn('sh', ['-c', 'exec cat >>"$0"', file], { stdio: ['pipe', 'ignore', 'inherit'] });
      child.stdin.on('error', () => undefined);
      return child;
    };
    let reader = begin();
    const end = async (): Promise<void> => {
      if (reader.exitCode !== null || reader.signalCode !== null) return;
      const exited = once(reader, 'exit');
      reader.kill('SIGKILL');
      await exited;
    };
    const stdout = {
      on: () => stdout,
      write: (...args: Parameters<Writable['write']>) => reader.stdin.write(...args),
    } as unknown as Pick<Writable, 'write' | 'on'>;
    return {
      output: createStdoutOutput({ stdout }),
      received: async () => linesOf(file),
      goDown: end,
      comeBack: async () => {
        reader = begin();
      },
      stop: async () => {
        await end();
        rmSync(folder, { recursive: true });
      },
    };
  },
});
