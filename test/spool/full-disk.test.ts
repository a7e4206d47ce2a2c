/** A disk of a few megabytes that is really full. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NEEDS_MOUNT, smallDisk } from '../support/small-disk.ts';
import { ALL, close, ids, MEGABYTE, opened, uses } from './support/open.ts';

const disk = smallDisk(8 * MEGABYTE);
const because = disk ? '' : NEEDS_MOUNT;

let folder: string;
let nth = 0;

beforeEach(() => {
  nth += 1;
  folder = path.join(disk?.folder ?? '', `${nth}`, 'spool');
  mkdirSync(path.dirname(folder));
});
afterEach(() => disk?.empty());
afterAll(() => disk?.dispose());

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 10 });
const idsOf = (from: number, until: number) => uses(from, until).map(({ observation }) => observation.id);

describe.skipIf(!disk)(`a full disk${because}`, () => {
  test('is waited for: it is said, nothing is lost, and it goes on when there is room', async () => {
    const spool = await opened(folder);
    await spool.put({ items: uses(0, 100), checkpoint: 100 });
    disk?.fill();
    let isWritten = false;
    const written = spool.put({ items: uses(100, 2000), checkpoint: 2000 }).then(() => {
      isWritten = true;
    });
    await eventually(() => expect(spool.trouble).toMatch(/can't be written: .+ Make room on its disk/));
    expect(isWritten).toBe(false);
    expect(await spool.count('errors')).toBeGreaterThan(0);
    // What was there can be delivered meanwhile.
    expect(ids(spool.read(ALL))).toEqual(idsOf(0, 100));
    disk?.empty();
    await written;
    expect(spool.trouble).toBeUndefined();
    expect(ids(spool.read(ALL))).toEqual(idsOf(0, 2000));
    await close(spool);
    const again = await opened(folder);
    expect([again.checkpoint, again.records]).toEqual([2000, 2000]);
  }, 60_000);

  test('makes room by what is delivered', async () => {
    const spool = await opened(folder);
    await spool.put({ items: uses(0, 1500) });
    disk?.fill();
    const written = spool.put({ items: uses(1500, 2500), checkpoint: 2500 });
    await eventually(() => expect(spool.trouble).toBeDefined());
    // Little by little, as pages that are freed are what the next transaction is written to.
    const delivered: string[] = [];
    const first = spool.read({ ...ALL, records: 1400 });
    delivered.push(...ids(first));
    spool.acknowledge(first);
    expect(delivered).toEqual(idsOf(0, 1400));
    expect(ids(spool.read(ALL))).toEqual(idsOf(1400, 1500));
    disk?.empty();
    await written;
    expect(ids(spool.read(ALL))).toEqual(idsOf(1400, 2500));
  }, 60_000);

  test('does not keep it from being closed, nor opened again and emptied', async () => {
    const spool = await opened(folder);
    await spool.put({ items: uses(0, 100), checkpoint: 100 });
    disk?.fill();
    void spool.put({ items: uses(100, 2000), checkpoint: 2000 });
    await eventually(() => expect(spool.trouble).toBeDefined());
    await close(spool);
    const again = await opened(folder);
    // As the last that was written said: what came after it is read again.
    expect([again.setAside, again.checkpoint]).toEqual([undefined, 100]);
    expect(ids(again.read(ALL))).toEqual(idsOf(0, 100));
    again.acknowledge(again.read(ALL));
    expect(again.records).toBe(0);
  }, 60_000);

  test('on which nothing can be begun is an error that says what to do', async () => {
    disk?.fill();
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      remedy: expect.stringContaining('room on its disk'),
    });
  });
});
