import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSecret, readSecretLine } from '../../collector/outputs/secret.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-secret-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function inFile(text: string): Promise<{ file: string }> {
  const file = path.join(folder, 'secret');
  await writeFile(file, text);
  return { file };
}

describe('a secret', () => {
  test.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    [' hunter2 ', ' hunter2 '],
  ])('in a file with %j is %j', async (text, secret) => {
    expect(await readSecret(await inFile(text), {})).toBe(secret);
  });

  test('is read anew each time', async () => {
    const place = await inFile('first');
    expect(await readSecret(place, {})).toBe('first');
    await inFile('second');
    expect(await readSecret(place, {})).toBe('second');
  });

  test('in a variable is as it is there', async () => {
    expect(await readSecret({ variable: 'TOKEN' }, { TOKEN: 'hunter2\n' })).toBe('hunter2\n');
  });

  test.each([
    ['an empty file', () => inFile('\n')],
    ['no file', async () => ({ file: path.join(folder, 'nowhere') })],
    ['a folder', async () => ({ file: folder })],
    ['no variable', async () => ({ variable: 'TOKEN' })],
  ])('that is not there is told with where it should be: %s', async (_what, place) => {
    const where = await place();
    const name = Object.values(where)[0];
    const failing = readSecret(where, {});
    await expect(failing).rejects.toMatchObject({ reason: 'secret', of: 'output', remedy: expect.any(String) });
    await expect(failing).rejects.toThrow(name);
  });

  test.each(['hunter2\nhunter3\n', 'hunt\u0000er2', 'hunter2\r'])('%j is no header, and not shown', async (text) => {
    const failing = readSecretLine(await inFile(text), {});
    await expect(failing).rejects.toMatchObject({ reason: 'secret', message: expect.not.stringContaining('hunt') });
    await expect(failing).rejects.toThrow(folder);
  });
});
