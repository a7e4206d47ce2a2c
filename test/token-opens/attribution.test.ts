import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TokenOpen } from '../../shared/schema/token-open.ts';
import { because, eventually, Lab, type LabVolume, sh, type Watched, whyNot } from './support/lab.ts';
import { type FakeToken, fakeToken } from './support/token.ts';

describe.runIf(whyNot === undefined)(`opens are told with who opened${because}`, () => {
  let lab: Lab;
  let watched: Watched;
  let volume: LabVolume;
  let token: FakeToken;

  beforeAll(async () => {
    lab = new Lab();
    watched = await lab.watch();
  });
  afterAll(() => lab.dispose());
  beforeEach(async () => {
    watched.opens.length = 0;
    token = fakeToken();
    volume = await watchedVolume();
  });

  /** A new volume with the token in it, marked, and all told that was opened so far. */
  async function watchedVolume(): Promise<LabVolume> {
    const fresh = lab.mount();
    lab.write(fresh, { 'ca.crt': 'certificate', namespace: 'shop', token: token.text });
    await lab.caughtUp(fresh, watched);
    watched.opens.length = 0;
    return fresh;
  }

  const reads = (): TokenOpen[] => watched.opens.filter((open) => open.pod_uid === volume.podUid);

  /** The one open that there is. */
  const theRead = (): Promise<TokenOpen> =>
    eventually(() => {
      expect(reads()).toHaveLength(1);
      return reads()[0]!;
    });

  test('a process, its program, its arguments, its parents and the token that it got', async () => {
    const { stdout } = sh('exec cat "$1"', volume.token);
    expect(stdout).toBe(token.text);
    const read = await theRead();
    expect(read).toMatchObject({
      pid: read.tgid,
      volume: volume.name,
      pod_uid: volume.podUid,
      allowed: true,
      access: 'read',
      credential: { jti: token.jti, sub: 'system:serviceaccount:shop:cart' },
      proc: {
        comm: 'cat',
        exe: expect.stringMatching(/\/cat$|busybox/),
        cmdline: ['cat', volume.token],
        uid: [0, 0, 0, 0],
        ppid: process.pid,
        foreign_mount: false,
        host_ns: ['mnt', 'net', 'pid', 'user', 'cgroup'],
      },
    });
    expect(read.path).toMatch(new RegExp(`^${volume.mountPoint}/\\.\\.2026[^/]*/token$`));
    expect(read.opened_as).toBe(read.path);
    expect(read.proc?.ancestors[0]).toMatchObject({ pid: process.pid, comm: expect.any(String) });
    expect(read.proc?.ancestors.at(-1)?.pid).toBe(1);
    expect(TokenOpen.parse(read)).toEqual(read);
    expect(JSON.stringify(watched.opens)).not.toContain(token.text.split('.')[2]!.slice(0, 16));
  });

  test('nothing of other files, nor of what this process opens itself', async () => {
    sh('cat "$1/..data/ca.crt" "$1/..data/namespace"; ls "$1" "$1/..data/"', volume.mountPoint);
    expect(readFileSync(volume.token, 'utf8')).toBe(token.text);
    expect(await readFile(volume.token, 'utf8')).toBe(token.text);
    sh('exec cat "$1"', volume.token);
    expect((await theRead()).proc?.comm).toBe('cat');
  });

  test('each of a thousand short-lived processes', async () => {
    sh('i=0; while [ $i -lt 1000 ]; do cat "$1" >/dev/null; i=$((i+1)); done', volume.token);
    await eventually(() => expect(reads()).toHaveLength(1000));
    const strange = reads().filter((open) => open.lost !== undefined || open.proc?.comm !== 'cat');
    expect(strange).toEqual([]);
    expect(new Set(reads().map((open) => open.pid)).size).toBe(1000);
  });

  test('through a bind mount in mounts of its own', async () => {
    const there = path.join(lab.folder, 'secrets');
    mkdirSync(there, { recursive: true });
    const script = 'mount --bind "$1" "$2" && exec cat "$2/..data/token"';
    expect(sh(`exec unshare -m sh -c '${script}' sh "$1" "$2"`, volume.mountPoint, there).stdout).toBe(token.text);
    const read = await theRead();
    expect(read.opened_as).toMatch(new RegExp(`^${there}/\\.\\.2026[^/]*/token$`));
    expect(read.path).toMatch(new RegExp(`^${volume.mountPoint}/\\.\\.2026[^/]*/token$`));
    expect(read.proc).toMatchObject({ foreign_mount: false, host_ns: ['net', 'pid', 'user', 'cgroup'] });
  });

  test('through a mount of the file alone, as subPath makes it', async () => {
    const there = path.join(lab.folder, 'token-alone');
    writeFileSync(there, '');
    lab.write(volume, { token: token.text });
    await lab.caughtUp(volume, watched);
    watched.opens.length = 0;
    sh(`exec unshare -m sh -c 'mount --bind "$1" "$2" && exec cat "$2"' sh "$1" "$2"`, volume.token, there);
    const read = await theRead();
    expect(read.opened_as).toBe(there);
    expect(read.path).toMatch(new RegExp(`^${volume.mountPoint}/\\.\\.2026[^/]*/token$`));
  });

  test('from the host through the mounts of a container', async () => {
    const there = path.join(lab.folder, 'container');
    mkdirSync(there, { recursive: true });
    const script = 'mount --bind "$1" "$2" && echo mounted && exec cat';
    const container = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', volume.mountPoint, there]);
    await once(container.stdout, 'data');
    sh('exec cat "$1"', `/proc/${container.pid}/root${there}/..data/token`);
    const read = await theRead();
    expect(read.opened_as).toMatch(new RegExp(`^${there}/`));
    expect(read.proc).toMatchObject({ comm: 'cat', foreign_mount: true });
    expect(read.proc?.host_ns).toContain('mnt');
    container.kill();
    await once(container, 'exit');
  });

  test('of a volume that lives on in other mounts after the host unmounted it', async () => {
    const there = path.join(lab.folder, 'kept');
    mkdirSync(there, { recursive: true });
    const script = 'mount --bind "$1" "$2" && umount "$1" && echo mounted && read -r go && exec cat "$2/..data/token"';
    const container = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', volume.mountPoint, there]);
    await once(container.stdout, 'data');
    lab.unmount(volume);
    // Once this one is watched, that the other one is gone has been seen as well.
    const another = lab.mount();
    lab.write(another, { token: token.text });
    await lab.caughtUp(another, watched);
    container.stdin.write('go\n');
    await once(container, 'exit');
    expect(await theRead()).toMatchObject({
      volume: volume.name,
      proc: { comm: 'cat' },
      credential: { jti: token.jti },
    });
  });

  test('in pid and network namespaces of its own', async () => {
    sh('exec unshare -pn --fork sh -c \'cat "$1"; :\' sh "$1"', volume.token);
    const read = await theRead();
    expect(read.proc?.host_ns).toEqual(['mnt', 'user', 'cgroup']);
    expect(read.proc?.nspid).toMatch(/^\d+\t\d+$/);
    expect(read.proc?.nspid?.split('\t')[0]).toBe(String(read.tgid));
    expect(read.proc?.ancestors.map(({ comm }) => comm).slice(0, 2)).toEqual(['sh', 'unshare']);
  });

  test('the token that was there, while it rotates', async () => {
    const tokens = new Set([token.jti]);
    const reader: ChildProcess = spawn('sh', ['-c', 'while cat "$1"; do echo; done', 'sh', volume.token], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    reader.stdout!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    for (let i = 0; i < 50; i += 1) {
      const next = fakeToken();
      tokens.add(next.jti);
      lab.write(volume, { token: next.text });
      const seen = text.length;
      await eventually(() => expect(text.length).toBeGreaterThan(seen));
    }
    reader.kill();
    await once(reader, 'close');
    const got = text.split('\n').filter((line) => line.split('.').length === 3);
    const ids = got.map(
      (line) => (JSON.parse(Buffer.from(line.split('.')[1]!, 'base64url').toString()) as FakeToken).jti,
    );
    const told = (): (string | undefined)[] =>
      reads()
        .filter(({ proc }) => proc?.comm === 'cat')
        .map((open) => open.credential?.jti);
    // The last may have been read and not printed, or been printed in part.
    await eventually(() => expect(told().length).toBeGreaterThanOrEqual(ids.length));
    expect(told().slice(0, ids.length)).toEqual(ids);
    expect(new Set(ids).size).toBeGreaterThan(25);
  });

  const cgroups = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((folder) => existsSync(`${folder}/cgroup.procs`));
  test.runIf(cgroups !== undefined)('a process in the control group of a pod (needs /sys/fs/cgroup)', async () => {
    const group = `${cgroups}/kubepods-truant-test-${process.pid}`;
    mkdirSync(group);
    try {
      sh('echo $$ > "$2/cgroup.procs" && exec cat "$1"', volume.token, group);
      expect((await theRead()).proc?.cgroup).toContainEqual(expect.stringMatching(/:\/kubepods-truant-test-\d+$/));
    } finally {
      rmdirSync(group);
    }
  });

  const hasPython = spawnSync('python3', ['-c', '']).status === 0;
  test.runIf(hasPython)('a thread whose process has lost its first one (needs python3)', async () => {
    const script = `
import ctypes, sys, threading, time
def read():
    while open('/proc/self/task/' + str(threading.main_thread().native_id) + '/stat').read().split()[2] != 'Z': time.sleep(0.01)
    open(sys.argv[1]).read()
    ctypes.CDLL(None)._exit(0)
threading.Thread(target=read).start()
ctypes.CDLL(None).pthread_exit(None)
`;
    sh('exec python3 -c "$1" "$2"', script, volume.token);
    const read = await theRead();
    expect(read.pid).not.toBe(read.tgid);
    expect(read.proc).toMatchObject({ pid: read.tgid, cmdline: expect.arrayContaining(['-c', script, volume.token]) });
    expect(read.proc?.exe).toMatch(/python/);
    expect(read.proc?.mnt_ns).toMatch(/^mnt:/);
  });

  test('what is written, by whom, and what is in it then', async () => {
    const next = fakeToken();
    sh('printf %s "$2" > "$1/..data/other-name"', volume.mountPoint, next.text);
    await eventually(() => expect(reads()).toHaveLength(2));
    expect(reads()).toMatchObject([
      { access: 'read', credential: null, proc: { comm: 'sh' } },
      { access: 'write', credential: { jti: next.jti }, proc: { comm: 'sh' } },
    ]);
    watched.opens.length = 0;
    sh('echo x > "$1/..data/note"; sh -c : ; exec cat "$1/..data/token"', volume.mountPoint);
    await eventually(() => expect(reads()).toHaveLength(2));
    expect(reads()).toMatchObject([
      { access: 'write', credential: null },
      { access: 'read', credential: { jti: token.jti } },
    ]);
  });

  test('a legacy token in a volume of a Secret, under any name', async () => {
    const secret = lab.mount('ci', 'secret');
    const legacy = fakeToken({ jti: undefined, 'kubernetes.io/serviceaccount/secret.name': 'ci-token' });
    lab.write(secret, { 'my key': `${legacy.text}\n` });
    const read = await eventually(() => {
      sh('exec cat "$1/..data/my key"', secret.mountPoint);
      const found = watched.opens.find((open) => open.pod_uid === secret.podUid && open.proc?.comm === 'cat');
      expect(found).toBeDefined();
      return found!;
    });
    expect(read.credential).toMatchObject({ 'kubernetes.io/serviceaccount/secret.name': 'ci-token' });
    expect(read.credential?.jti).toBeUndefined();
    expect(read.path).toMatch(/kubernetes\.io~secret\/ci\/\.\.2026[^/]*\/my key$/);
  });
});
