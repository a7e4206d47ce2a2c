/** For tests that need a process of their own to kill: Node 20 runs no TypeScript, and `dist/` may be stale or absent. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Compiled {
  /** The entry as JavaScript. */
  script: string;
  dispose(): void;
}

/** @param entry relative to the repository, `.ts`; as are others that it loads without importing them */
export function compile(entry: string, ...others: string[]): Compiled {
  const cache = path.join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(path.join(cache, 'truant-test-'));
  const project = path.join(outDir, 'tsconfig.json');
  const compilerOptions = { rootDir: ROOT, outDir, noCheck: true, typeRoots: [path.join(ROOT, 'node_modules/@types')] };
  const files = [entry, ...others].map((file) => path.join(ROOT, file));
  writeFileSync(
    project,
    JSON.stringify({ extends: path.join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  writeFileSync(path.join(outDir, 'package.json'), JSON.stringify({ type: 'module' }));
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${entry} does not compile: ${stdout}`);
  return {
    script: path.join(outDir, entry.replace(/\.ts$/, '.js')),
    dispose: () => rmSync(outDir, { recursive: true }),
  };
}
