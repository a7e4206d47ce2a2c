/**
 * The C library, for what Node.js has under no name of its own, or not as cheap: koffi calls it within a microsecond, several
 * times as fast as `fs.*Sync`. Calls block their thread. A negative result is a failure; `errno` says which, right after it.
 */
import { getSystemErrorName } from 'node:util';

export interface Errno {
  errno(): number;
}

/**
 * @param prototypes of the functions, in C, as `Calls` has them
 * @throws when koffi has no binary for this system, or the C library no such function
 */
export async function loadCalls<Calls>(prototypes: readonly string[]): Promise<Calls & Errno> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const functions = prototypes.map((prototype) => {
    const call = library.func(prototype);
    return [call.info.name, call];
  });
  return { ...Object.fromEntries(functions), errno: koffi.errno } as Calls & Errno;
}

/** `ENOENT` of 2. */
export const errorName = (errno: number): string => getSystemErrorName(-errno);
