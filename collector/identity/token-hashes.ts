/** Hashes of tokens out of a file, one a line; empty lines and lines that begin with # are for people. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { TruantError } from '../../shared/errors.ts';

/** @throws TruantError CONFIG_INVALID, which names the line but never shows it: it may be a token put there by mistake */
export async function readTokenHashes(file: string, entry: z.ZodString): Promise<string[]> {
  const lines = (await read(file)).split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    if (entry.safeParse(line).success) return [line];
    throw new TruantError('CONFIG_INVALID', `${file}, line ${index + 1} is no hash of a token.`, {
      remedy: `It must be ${String(entry.meta()?.['expected'])}.`,
    });
  });
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TruantError('CONFIG_INVALID', `The file of token hashes can't be read: ${file}`, { cause: error });
  }
}
