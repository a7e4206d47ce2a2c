/** A folder of pods, and what a kubelet does in one: volumes as its atomic writer lays them out, plain or on a tmpfs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PROJECTED = 'kubernetes.io~projected';
export const SECRET = 'kubernetes.io~secret';

export interface VolumeOptions {
  kind?: string;
  /** Mounted over the folder first, as a kubelet does. */
  tmpfs?: boolean;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Signed by nobody. */
export const jwt = (claims: object): string => `${encode({ alg: 'RS256' })}.${encode(claims)}.${'s'.repeat(342)}`;

export const claimsOf = (jti: string, aud = 'https://kubernetes.default.svc') => ({
  jti,
  sub: 'system:serviceaccount:shop:cart',
  aud: [aud],
  exp: 1826993262,
  iat: 1795457262,
  warnafter: 1795460869,
  'kubernetes.io': { namespace: 'shop', pod: { name: 'cart-1', uid: 'u-1' }, node: { name: 'node-a', uid: 'n-1' } },
});
export const tokenOf = (jti: string, aud?: string): string => jwt(claimsOf(jti, aud));

/** Whether this process may mount; most that test may not. */
export const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'truant-mount-'));
  const mounted = process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();

export class Kubelet {
  readonly #parent = realpathSync(mkdtempSync(join(tmpdir(), 'truant-pods-')));
  readonly pods = join(this.#parent, 'pods');
  readonly #mounts = new Set<string>();
  readonly #data = new Map<string, string>();
  #writes = 0;

  constructor() {
    mkdirSync(this.pods);
  }

  pathOf(uid: string, volume: string, kind = PROJECTED): string {
    return join(this.pods, uid, 'volumes', kind, volume);
  }

  /** Writes a volume, whole; makes it if it isn't there. */
  write(uid: string, volume: string, files: Record<string, string>, { kind, tmpfs }: VolumeOptions = {}): void {
    const path = this.pathOf(uid, volume, kind);
    mkdirSync(path, { recursive: true });
    if (tmpfs && !this.#mounts.has(path)) this.mount(path);
    const data = `..2026_11_23_18_07_42.${++this.#writes}`;
    mkdirSync(join(path, data));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(path, data, name)), { recursive: true });
      writeFileSync(join(path, data, name), content);
    }
    const old = this.#data.get(path);
    this.point(path, data);
    if (old !== undefined) rmSync(join(path, old), { recursive: true });
  }

  /** Makes `..data` a link to something else. */
  point(path: string, data: string): void {
    symlinkSync(data, join(path, '..data_tmp'));
    renameSync(join(path, '..data_tmp'), join(path, '..data'));
    this.#data.set(path, data);
  }

  mount(path: string): void {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
    this.#mounts.add(path);
  }

  unmount(path: string): void {
    execFileSync('umount', [path]);
    this.#mounts.delete(path);
  }

  removeVolume(uid: string, volume: string, kind?: string): void {
    const path = this.pathOf(uid, volume, kind);
    this.#unmountBelow(path);
    rmSync(path, { recursive: true });
    this.#data.delete(path);
  }

  removePod(uid: string): void {
    this.#unmountBelow(join(this.pods, uid));
    rmSync(join(this.pods, uid), { recursive: true });
    for (const path of this.#data.keys()) if (path.startsWith(`${this.pods}/${uid}/`)) this.#data.delete(path);
  }

  dispose(): void {
    this.#unmountBelow(this.pods);
    rmSync(this.#parent, { recursive: true, force: true });
  }

  #unmountBelow(folder: string): void {
    for (const path of this.#mounts) if (`${path}/`.startsWith(`${folder}/`)) this.unmount(path);
  }
}
