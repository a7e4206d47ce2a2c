import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Checkpoints } from '../../agent/checkpoints.ts';
import { Lab, silent } from './lab.ts';

const Position = z.strictObject({ offset: z.int() });

let lab: Lab;
let folder: string;
let checkpoints: Checkpoints;

beforeEach(() => {
  lab = new Lab();
  folder = join(lab.folder, 'state');
  checkpoints = new Checkpoints(folder, silent);
});

afterEach(() => lab.remove());

describe('Checkpoints', () => {
  it('knows nothing at first', async () => {
    expect(await checkpoints.load('audit-file', Position)).toEqual({ checkpoint: undefined });
  });

  it('gives back what was saved last, each source its own', async () => {
    await checkpoints.save('audit-file', { offset: 1 });
    await checkpoints.save('audit-file', { offset: 2 });
    await checkpoints.save('other', { offset: 3 });
    const again = new Checkpoints(folder, silent);
    expect(await again.load('audit-file', Position)).toEqual({ checkpoint: { offset: 2 } });
    expect(await again.load('other', Position)).toEqual({ checkpoint: { offset: 3 } });
  });

  it('keeps the old one when a save did not come to its end', async () => {
    await checkpoints.save('audit-file', { offset: 1 });
    writeFileSync(join(folder, 'audit-file.json.new'), '{"off');
    expect(await checkpoints.load('audit-file', Position)).toEqual({ checkpoint: { offset: 1 } });
    await checkpoints.save('audit-file', { offset: 2 });
    expect(await checkpoints.load('audit-file', Position)).toEqual({ checkpoint: { offset: 2 } });
  });

  it.each(['', '{"off', '{"offset":"1"}', '{"offset":1,"more":2}', '\0\0\0\0'])(
    'sets aside what is none: %j',
    async (text) => {
      mkdirSync(folder);
      writeFileSync(join(folder, 'audit-file.json'), text);
      const setAside = join(folder, 'audit-file.json.corrupt');
      expect(await checkpoints.load('audit-file', Position)).toEqual({ checkpoint: undefined, setAside });
      expect(readFileSync(setAside, 'utf8')).toBe(text);
      expect(await checkpoints.load('audit-file', Position)).toEqual({ checkpoint: undefined });
    },
  );

  it('fails when it cannot even set it aside', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'audit-file.json'), 'none');
    mkdirSync(join(folder, 'audit-file.json.corrupt', 'in the way'), { recursive: true });
    await expect(checkpoints.load('audit-file', Position)).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' });
  });

  it('fails when it cannot read', async () => {
    mkdirSync(join(folder, 'audit-file.json'), { recursive: true });
    await expect(checkpoints.load('audit-file', Position)).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' });
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await expect(checkpoints.load('audit-file', Position)).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' });
  });

  it('takes no path for a name', async () => {
    await expect(checkpoints.save('../audit', {})).rejects.toThrow(RangeError);
  });
});
