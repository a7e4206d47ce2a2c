/**
 * A package for another platform that npm could not find (the registry lacks it, or npm overlooked it) is left out of
 * package-lock.json, and `npm ci` then refuses the whole file. Entries that only name it are enough: npm sees by its
 * platform that it is not wanted here, and fetches it where it is.
 */
interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
  [other: string]: unknown;
}

export interface Lockfile {
  packages: Record<string, LockedPackage>;
  [other: string]: unknown;
}

export interface Left {
  name: string;
  version: string;
  dev: boolean;
}

/** Optional dependencies of locked packages that are not locked themselves. */
export function leftOut({ packages }: Lockfile): Left[] {
  return Object.values(packages).flatMap(({ optionalDependencies = {}, dev = false }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(([name, range]) => ({ name, version: range.replace(/^[~^]/, ''), dev })),
  );
}

/** The lockfile with an entry for each of them, in npm's order. */
export function completed(lockfile: Lockfile): Lockfile {
  const added = leftOut(lockfile).map(({ name, version, dev }): [string, LockedPackage] => [
    `node_modules/${name}`,
    { version, ...platformOf(name), ...(dev && { dev }), optional: true },
  ]);
  const packages = [...Object.entries(lockfile.packages), ...added].toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lockfile, packages: Object.fromEntries(packages) };
}

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/**
 * `@oxlint/binding-linux-x64-musl` is for linux, x64 and musl.
 * @throws when the name names no platform: npm would fetch it on every one
 */
export function platformOf(name: string): { os?: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[/-]/);
  const os = OS.find((candidate) => words.includes(candidate));
  const cpu = CPU.find((candidate) => words.includes(candidate));
  if (cpu === undefined || (os === undefined && cpu !== 'wasm32')) {
    throw new Error(`${name} is left out of the lockfile, and its name does not say for which platform it is`);
  }
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : os === 'linux' ? 'glibc' : undefined;
  return { ...(os && { os: [os] }), cpu: [cpu], ...(libc && { libc: [libc] }) };
}
