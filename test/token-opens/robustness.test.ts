import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Compiled, compile } from '../support/compile.ts';
import { because, eventually, Lab, type LabVolume, sh, type Watched, WORKERS, whyNot } from './support/lab.ts';
import { fakeToken } from './support/token.ts';

/** A shell that reads what it is told to, without a process for each. */
class Shell {
  readonly child: ChildProcessWithoutNullStreams = spawn('sh', [], { stdio: 'pipe' });
  readonly #lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves once the file was opened and read. */
  async read(file: string): Promise<string> {
    this.child.stdin.write(`IFS= read -r x < '${file}'; printf '%s\\n' "$x"\n`);
    return (await this.#lines.next()).value as string;
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

/** A /proc in which reading the arguments of some processes does not return until they are let go. */
class SlowProc {
  readonly root: string;
  readonly #fifos: string[] = [];

  constructor(folder: string) {
    this.root = mkdtempSync(path.join(folder, 'proc-'));
    this.add(1);
    this.add(process.pid);
  }

  add(pid: number, hangs = false): void {
    const folder = path.join(this.root, String(pid));
    mkdirSync(folder);
    for (const name of ['status', 'exe', 'cgroup', 'ns', 'task', 'mountinfo', 'cmdline']) {
      if (hangs && name === 'cmdline') continue;
      // The first process of a machine may not show itself, even to root.
      symlinkSync(`/proc/${pid === 1 && name === 'ns' ? 'self' : pid}/${name}`, path.join(folder, name));
    }
    if (!hangs) return;
    const fifo = path.join(folder, 'cmdline');
    spawnSync('mkfifo', [fifo]);
    this.#fifos.push(fifo);
  }

  /** Whoever hangs gets an end of file. */
  letGo(): void {
    // Opened for both, it waits for no reader; and with its end the only writer is gone.
    for (const fifo of this.#fifos) closeSync(openSync(fifo, 'r+'));
  }
}

describe.runIf(whyNot === undefined)(`the sensor keeps nobody waiting${because}`, () => {
  let lab: Lab;
  let volume: LabVolume;
  const token = fakeToken();
  const children: ChildProcessWithoutNullStreams[] = [];
  beforeEach(() => {
    lab = new Lab();
    volume = lab.mount();
    lab.write(volume, { token: token.text });
    return () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      return lab.dispose();
    };
  });

  test('not for a process whose arguments never come, and others are seen again', async () => {
    const proc = new SlowProc(lab.folder);
    const [hostile, usual] = [new Shell(), new Shell()];
    proc.add(hostile.pid, true);
    proc.add(usual.pid);
    const { opens, statuses, counts, source } = await lab.watch({ procRoot: proc.root, answerWithinMs: 1000 });

    expect(await hostile.read(volume.token)).toBe(token.text);
    await eventually(() => expect(opens).toHaveLength(1));
    expect(opens[0]).toMatchObject({ pid: hostile.pid, proc: null, lost: 'timeout', credential: { jti: token.jti } });
    expect(opens[0]!.path).toMatch(/kube-api-access-x\/\.\.2026[^/]*\/token$/);

    // Whoever comes before there is another reader is let through unseen, and told of as such.
    await eventually(async () => {
      expect(await usual.read(volume.token)).toBe(token.text);
      expect(opens.some(({ pid, lost }) => pid === usual.pid && lost === undefined)).toBe(true);
    });
    const said = statuses.map(({ status, reason }) => `${status} ${reason}`);
    expect(said.filter((one) => one !== 'gap opens-unattributed')).toEqual([
      'ok watching',
      'blind no-reader',
      'ok watching',
    ]);
    expect(said).toContain('gap opens-unattributed');
    const lost = opens.filter((open) => open.lost !== undefined);
    expect(counts).toMatchObject({ 'error timeout': lost.length, received: opens.length, sent: opens.length });

    // The arguments of that process are not asked for again.
    expect(await hostile.read(volume.token)).toBe(token.text);
    await eventually(() => {
      expect(opens).toContainEqual(
        expect.objectContaining({
          pid: hostile.pid,
          proc: expect.objectContaining({ comm: 'sh', cmdline: [] }) as unknown,
        }),
      );
    });

    proc.letGo();
    expect(await usual.read(volume.token)).toBe(token.text);
    await eventually(() => expect(opens.at(-1)).toMatchObject({ pid: usual.pid, proc: { comm: 'sh' } }));
    // That a reader is in charge again is told by another thread than what it reads.
    await eventually(() => expect(source.status()).toEqual({ state: 'running' }));
    await Promise.all([hostile.end(), usual.end()]);
  });

  test('not when more processes do so than there may be readers', async () => {
    const proc = new SlowProc(lab.folder);
    const shells = Array.from({ length: 5 }, () => new Shell());
    for (const { pid } of shells) proc.add(pid, true);
    const { opens, statuses, source } = await lab.watch({ procRoot: proc.root, answerWithinMs: 1000 });
    for (const [i, shell] of shells.entries()) {
      expect(await shell.read(volume.token)).toBe(token.text);
      const blind = (): number => statuses.filter(({ status }) => status === 'blind').length;
      if (i >= 4) continue;
      await eventually(() => expect(blind()).toBe(i + 1));
      if (i < 3) await eventually(() => expect(source.status().state).toBe('running'));
    }
    await eventually(() => expect(opens.filter(({ lost }) => lost === 'timeout')).toHaveLength(5));
    expect(source.status()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('no-reader') });

    proc.letGo();
    const last = new Shell();
    proc.add(last.pid);
    await eventually(async () => {
      expect(await last.read(volume.token)).toBe(token.text);
      expect(opens.at(-1)).toMatchObject({ pid: last.pid, proc: { comm: 'sh' } });
    });
    // That a reader is in charge again is told by another thread than what it reads.
    await eventually(() => expect(source.status()).toEqual({ state: 'running' }));
    await Promise.all([...shells, last].map((shell) => shell.end()));
  });

  test('stops though a reader hangs, and the process can end', async () => {
    const sensor = compile('test/token-opens/support/sensor-process.ts', ...WORKERS);
    for (const how of ['stop', 'exit']) {
      const proc = new SlowProc(lab.folder);
      const shell = new Shell();
      proc.add(shell.pid, true);
      const child = await started(sensor, { procRoot: proc.root, answerWithinMs: 60 });
      expect(await shell.read(volume.token)).toBe(token.text);
      await child.sees(({ status }) => status === 'blind');
      child.process.stdin.write(`${how}\n`);
      await child.sees(({ ended }) => ended === true);
      expect(await shell.read(volume.token)).toBe(token.text);
      expect(await child.exited).toEqual([3, null]);
      await shell.end();
    }
    sensor.dispose();
  });

  test('not when its process is killed in the midst of a storm', async () => {
    const sensor = compile('test/token-opens/support/sensor-process.ts', ...WORKERS);
    const child = await started(sensor, {});
    const readers = Array.from({ length: 8 }, () =>
      spawn('sh', ['-c', 'i=0; while [ $i -lt 400 ]; do cat "$1" || exit 1; i=$((i+1)); done', 'sh', volume.token], {
        stdio: 'ignore',
      }),
    );
    const ended = Promise.all(readers.map((reader) => once(reader, 'exit')));
    let seen = 0;
    await child.sees(({ told }) => (seen += Number(told ?? 0)) > 200);
    child.process.kill('SIGKILL');
    expect(await child.exited).toEqual([null, 'SIGKILL']);
    expect(await ended).toEqual(readers.map(() => [0, null]));
    sensor.dispose();
  });

  test('says so when openers are in another pid namespace, and lets them through', async () => {
    const sensor = compile('test/token-opens/support/sensor-process.ts', ...WORKERS);
    const inside = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', '"$@"; exit $?', 'sh'];
    const child = await started(sensor, {}, inside);
    const shell = new Shell();
    expect(await shell.read(volume.token)).toBe(token.text);
    await child.sees(({ status, reason }) => status === 'blind' && reason === 'foreign-pid-namespace');
    await child.sees(({ told, attributed }) => told === 1 && attributed === 0);
    child.process.stdin.write('stop\n');
    expect(await child.exited).toEqual([3, null]);
    await shell.end();
    sensor.dispose();
  });

  test('watches volumes that come to it by propagation, as into a container', async () => {
    const sensor = compile('test/token-opens/support/sensor-process.ts', ...WORKERS);
    sh('mount --bind "$1" "$1" && mount --make-shared "$1"', lab.podsRoot);
    const child = await started(sensor, {}, ['unshare', '-m', '--propagation', 'slave']);
    const late = lab.mount('late');
    lab.write(late, { token: token.text });
    const shell = new Shell();
    let isTold = false;
    const told = child.sees(({ told }) => told === 1).then(() => (isTold = true));
    await eventually(async () => {
      expect(await shell.read(late.token)).toBe(token.text);
      expect(isTold).toBe(true);
    });
    await told;
    child.process.stdin.write('stop\n');
    expect(await child.exited).toEqual([3, null]);
    await shell.end();
    lab.unmount(late);
    sh('umount -l "$1"', lab.podsRoot);
    sensor.dispose();
  });

  interface Running {
    process: ChildProcessWithoutNullStreams;
    exited: Promise<unknown[]>;
    /** Resolves with the first line of output, from here on, that is as it should be. */
    sees(is: (line: Record<string, unknown>) => boolean): Promise<void>;
  }

  async function started({ script }: Compiled, options: object, below: string[] = []): Promise<Running> {
    const [command, ...args] = [...below, process.execPath, script, lab.podsRoot, JSON.stringify(options)];
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }) as unknown as typeof running.process;
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const running: Running = {
      process: child,
      exited: once(child, 'exit'),
      sees: async (is) => {
        for (;;) {
          const { value, done } = await lines.next();
          if (done) throw new Error('the sensor ended');
          if (is(JSON.parse(value) as Record<string, unknown>)) return;
        }
      },
    };
    await running.sees((line) => line['started'] === true);
    return running;
  }
});

describe.runIf(whyNot === undefined)(`the sensor says what it misses${because}`, () => {
  let lab: Lab;
  let watched: Watched | undefined;
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => lab.dispose());
  beforeEach(() => async () => {
    await watched?.source.stop();
  });

  test("what did not fit into the kernel's queue, where nobody waits", async () => {
    const volume = lab.mount();
    const proc = new SlowProc(lab.folder);
    const shell = new Shell();
    proc.add(shell.pid, true);
    const token = fakeToken();
    // Of one file the kernel would make one event of many.
    lab.write(
      volume,
      Object.fromEntries(Array.from({ length: 17_000 }, (_, i) => [`t${i}`, i === 0 ? token.text : ''])),
    );
    const { counts, statuses } = (watched = await lab.watch({
      mode: 'observe',
      procRoot: proc.root,
      answerWithinMs: 60_000,
    }));
    await shell.read(`${volume.mountPoint}/..data/t0`);
    for (let i = 0; i < 17_000; i += 1) closeSync(openSync(`${volume.mountPoint}/..data/t${i}`, 'r'));
    proc.letGo();
    await eventually(() => expect(counts['dropped overflow']).toBe(1));
    expect(statuses).toContainEqual({ status: 'gap', reason: 'opens-overflow', detail: expect.any(String) });
    await shell.end();
    lab.unmount(volume);
  });

  test('what was too much for whoever takes it: the oldest gives way', async () => {
    const volume = lab.mount();
    lab.write(volume, { token: fakeToken().text });
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const opens: unknown[] = [];
    const { counts, statuses } = (watched = await lab.watch({
      maxWaiting: 200,
      onOpens: async (some) => {
        await held;
        opens.push(...some);
      },
    }));
    // A thousand are on their way, and two hundred wait.
    sh('i=0; while [ $i -lt 1500 ]; do read -r x < "$1"; i=$((i+1)); done', volume.token);
    letGo();
    await eventually(() => {
      expect(counts['dropped not-taken']).toBeGreaterThan(0);
      expect(opens.length + counts['dropped not-taken']!).toBe(1500);
    });
    expect(statuses).toContainEqual({
      status: 'gap',
      reason: 'opens-dropped',
      detail: expect.stringContaining('opens'),
    });
    lab.unmount(volume);
  });

  test('that there are more volumes than it may watch', async () => {
    const volumes = Array.from({ length: 3 }, (_, i) => lab.mount(`v${i}`));
    const { statuses, source } = (watched = await lab.watch({ maxVolumes: 2 }));
    expect(statuses).toMatchObject([
      { status: 'blind', reason: 'too-many-volumes', detail: expect.stringMatching(/^1 /) },
    ]);
    lab.unmount(volumes[1]!);
    await eventually(() => expect(source.status()).toEqual({ state: 'running' }));
    for (const volume of [volumes[0]!, volumes[2]!]) lab.unmount(volume);
  });

  test('that there is no folder of a kubelet, until there is', async () => {
    const podsRoot = path.join(lab.folder, 'later');
    const { statuses, source } = (watched = await lab.watch({ podsRoot }));
    expect(source.status()).toMatchObject({
      state: 'degraded',
      detail: expect.stringContaining('pods-folder-missing'),
    });
    mkdirSync(podsRoot);
    await eventually(() => expect(source.status()).toEqual({ state: 'running' }));
    expect(statuses.map(({ reason }) => reason)).toEqual(['pods-folder-missing', 'watching']);
  });

  test('who was gone before it was looked at, where nobody waits', async () => {
    const volume = lab.mount();
    lab.write(volume, { token: fakeToken().text });
    const { opens } = (watched = await lab.watch({
      mode: 'observe',
      procRoot: mkdtempSync(path.join(lab.folder, 'empty-')),
    }));
    sh('exec cat "$1"', volume.token);
    await eventually(() => expect(opens).toMatchObject([{ proc: null, lost: 'gone', allowed: true }]));
    lab.unmount(volume);
  });
});

describe.runIf(whyNot === undefined)(`the sensor keeps nothing${because}`, () => {
  test('of two thousand volumes that come and go, nor of itself once stopped', async () => {
    const lab = new Lab();
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const { opens, source } = await lab.watch();
    const churn = async (rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i += 1) {
        const volumes = lab.mountMany(100);
        const ids = volumes.map((mountPoint) => {
          const { jti, text } = fakeToken();
          writeFileSync(path.join(mountPoint, 'token'), text);
          return jti;
        });
        await eventually(() => {
          sh('for v in "$@"; do read -r x < "$v/token"; done', ...volumes);
          const told = new Set(opens.map(({ credential }) => credential?.jti));
          expect(ids.filter((id) => !told.has(id))).toEqual([]);
        });
        sh('umount "$@"', ...volumes);
        opens.length = 0;
      }
    };
    await churn(4);
    const running = descriptors();
    const memory = process.memoryUsage.rss();
    await churn(16);
    // At most, since the first rounds may have left some of their own to be closed.
    expect(descriptors()).toBeLessThanOrEqual(running);
    // What is kept of a volume is kilobytes: kept of all, it would be more than this.
    expect(process.memoryUsage.rss() - memory).toBeLessThan(64 * 2 ** 20);
    await source.stop();
    expect(descriptors()).toBe(before);
    await lab.dispose();
  }, 300_000);
});
