/** What the sensor of opens costs whoever opens a token's file, and the node; with and without it, in one run. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fakeToken } from '../token-opens/support/token.ts';

/** The most pods that a kubelet runs unless told otherwise. */
const VOLUMES = 110;
const PACED = { count: 1000, pauseMs: 3 };
const STORM = { processes: 4, count: 20_000 };
const BUSY_SECONDS = 20;
const OPENS_PER_SECOND = 20;
const TICKS_PER_SECOND = 100;

/** How long an agent takes to begin, and its program to be compiled. */
const SETTLE_SECONDS = 10;
const BIN = fileURLToPath(new URL('../../../bin/truant.js', import.meta.url));

const scriptOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function benchSensor(): Promise<string[]> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return ['sensor of opens: not measured, needs root on Linux'];
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-bench-'));
  const volumes = Array.from({ length: VOLUMES }, () =>
    path.join(folder, randomUUID(), 'volumes/kubernetes.io~projected/kube-api-access-x'),
  );
  try {
    for (const volume of volumes) {
      mkdirSync(volume, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', volume]);
      writeFileSync(path.join(volume, 'token'), fakeToken().text);
      writeFileSync(path.join(volume, 'namespace'), 'shop');
    }
    const file = path.join(volumes[0] ?? '', 'token');
    return [...(await measureOpens(folder, file)), ...(await measureAgent(folder, file))];
  } finally {
    for (const volume of volumes) spawnSync('umount', ['-l', volume]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOpens(folder: string, file: string): Promise<string[]> {
  const bare = await openings(file, PACED.count, PACED.pauseMs);
  const sensor = new Sensor(folder);
  await sensor.start();
  try {
    const first = await openings(file, PACED.count, PACED.pauseMs);
    await sensor.calmsDown();
    const [all, attributed] = [sensor.all, sensor.attributed];
    const opened = STORM.processes * STORM.count;
    const started = performance.now();
    await Promise.all(Array.from({ length: STORM.processes }, () => openings(file, STORM.count, 0)));
    const seconds = (performance.now() - started) / 1000;
    await sensor.calmsDown();
    const shares = [sensor.all - all, sensor.attributed - attributed].map((n) => ((100 * n) / opened).toFixed(2));
    const watched = await openings(file, PACED.count, PACED.pauseMs);
    const other = await openings(path.join(path.dirname(file), 'namespace'), PACED.count, PACED.pauseMs);
    const row = await openings(file, PACED.count, 0);
    return [
      `opens of a token's file, ${VOLUMES} volumes watched`,
      `  without the sensor  median ${us(bare, 0.5)}  p99 ${us(bare, 0.99)}`,
      `  with it, at first   median ${us(first, 0.5)}  p99 ${us(first, 0.99)}`,
      `  with it, later      median ${us(watched, 0.5)}  p99 ${us(watched, 0.99)}`,
      `  a file without one  median ${us(other, 0.5)}  p99 ${us(other, 0.99)}`,
      `  in a row            median ${us(row, 0.5)}  p99 ${us(row, 0.99)}`,
      `  added               median ${added(bare, watched, 0.5)} (goal: at most 100)  p99 ${added(bare, watched, 0.99)} (goal: at most 1000)`,
      `  in a storm          ${Math.round(opened / seconds)} opens/s, ${shares[0]} % told, ${shares[1]} % with their opener (goal: 100)`,
    ];
  } finally {
    await sensor.stop();
  }
}

/** The whole agent, with a collector that takes what it sends. */
async function measureAgent(podsRoot: string, file: string): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'truant-bench-agent-'));
  const collector = truant('collector', { COLLECTOR__STORE__PATH: path.join(folder, 'truant.duckdb') });
  const agent = truant('agent', {
    AGENT__STATE_DIR: path.join(folder, 'agent'),
    AGENT__METRICS__ENABLED: 'false',
    AGENT__TOKEN_FILES__ENABLED: 'true',
    AGENT__TOKEN_FILES__PODS_ROOT: podsRoot,
  });
  try {
    await delay(SETTLE_SECONDS * 1000);
    const idle = await spent(agent, () => delay(BUSY_SECONDS * 1000));
    const usual = await spent(agent, () => openings(file, BUSY_SECONDS * OPENS_PER_SECOND, 1000 / OPENS_PER_SECOND));
    return [
      `agent, ${VOLUMES} pods`,
      `  idle                ${idle.cpu} % of a CPU, ${idle.megabytes} MB (goal: below 1 %, 150 MB)`,
      `  at ${OPENS_PER_SECOND} opens/s       ${usual.cpu} % of a CPU, ${usual.megabytes} MB`,
    ];
  } finally {
    for (const child of [agent, collector]) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** At its usual address, where the agent looks for it. */
const truant = (command: string, settings: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [BIN, command], {
    env: {
      ...process.env,
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`TRUANT_${name}`, value])),
    },
    stdio: 'ignore',
  });

async function spent({ pid = 0 }: ChildProcess, during: () => Promise<unknown>): Promise<Spent> {
  const [before, started] = [ticksOf(pid), performance.now()];
  await during();
  const seconds = (performance.now() - started) / 1000;
  return {
    cpu: ((100 * (ticksOf(pid) - before)) / TICKS_PER_SECOND / seconds).toFixed(1),
    megabytes: megabytesOf(pid),
  };
}

/** utime and stime, see proc(5). */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Sorted microseconds. */
async function openings(file: string, count: number, pauseMs: number): Promise<number[]> {
  const child = spawn(process.execPath, [scriptOf('opener-process.js'), file, String(count), String(pauseMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return (JSON.parse(text) as number[]).sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
const us = (sorted: readonly number[], share: number): string => `${at(sorted, share).toFixed(0)} us`;
const added = (bare: readonly number[], watched: readonly number[], share: number): string =>
  `${(at(watched, share) - at(bare, share)).toFixed(0)} us`;

interface Spent {
  /** Per cent of one CPU. */
  cpu: string;
  megabytes: number;
}

/** The sensor in a process of its own, which does nothing else. */
class Sensor {
  readonly #child: ChildProcess;
  #all = 0;
  #attributed = 0;

  constructor(folder: string) {
    const script = scriptOf('../token-opens/support/sensor-process.js');
    this.#child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Resolves once it watches. */
  start(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout as Readable });
    return new Promise((resolve) => {
      lines.on('line', (line) => {
        const { started, told, attributed } = JSON.parse(line) as {
          started?: true;
          told?: number;
          attributed?: number;
        };
        this.#all += told ?? 0;
        this.#attributed += attributed ?? 0;
        if (started) resolve();
      });
    });
  }

  get attributed(): number {
    return this.#attributed;
  }

  get all(): number {
    return this.#all;
  }

  /** Resolves once it has told nothing more for a while. */
  async calmsDown(): Promise<void> {
    let before: number;
    do {
      before = this.#all;
      await delay(500);
    } while (before !== this.#all);
  }

  async stop(): Promise<void> {
    this.#child.stdin?.write('stop\n');
    await once(this.#child, 'exit');
  }
}

const megabytesOf = (pid: number): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
