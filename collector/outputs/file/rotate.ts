/** Gives a file and those before it other names: `path` becomes `path.1`, `path.1` becomes `path.2`, and so on. */
import { access, rename, rm } from 'node:fs/promises';
import { syncFolder } from './line-file.ts';

/** @param keep how many of them stay; the oldest goes. Killed half way it leaves a number free, which the next time fills */
export async function rotate(path: string, keep: number): Promise<void> {
  const nameOf = (age: number): string => (age === 0 ? path : `${path}.${age}`);
  if (keep === 0) await rm(path, { force: true });
  let free = 1;
  while (free < keep && (await exists(nameOf(free)))) free += 1;
  for (let age = Math.min(free, keep) - 1; age >= 0; age -= 1) await rename(nameOf(age), nameOf(age + 1));
  await syncFolder(path);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
