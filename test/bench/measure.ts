/** Runs a command, and says how long it took and how much memory it held at its most. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Measured {
  seconds: number;
  /** Peak resident memory in MB, where /proc tells it. */
  peakMegabytes: number | undefined;
  stdout: string;
  code: number | null;
}

const SAMPLE_MS = 20;

/** Undefined when there is no such command. */
export async function measure(command: string, args: readonly string[]): Promise<Measured | undefined> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let peak: number | undefined;
  const timer = setInterval(() => {
    peak = peakMegabytes(child.pid) ?? peak;
  }, SAMPLE_MS);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null | undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (code === undefined) return undefined;
  return {
    seconds: (performance.now() - started) / 1000,
    peakMegabytes: peak,
    stdout: Buffer.concat(chunks).toString(),
    code,
  };
}

/** The most resident memory that a process has had, in MB, where /proc tells it. */
export function peakMegabytes(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
