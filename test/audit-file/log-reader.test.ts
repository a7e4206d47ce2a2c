import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditCheckpoint } from '../../agent/sources/audit-file/checkpoint.ts';
import { Follower, Lab, leaseLine, range, useLine } from './lab.ts';

let lab: Lab;
let follower: Follower;

beforeEach(() => {
  lab = new Lab();
  follower = new Follower(lab);
});

afterEach(async () => {
  await follower.stop();
  lab.remove();
});

describe('a first start', () => {
  it('begins at the end, and reads what comes then', async () => {
    lab.appendUses(0, 3);
    await follower.fromEnd();
    lab.appendUses(3, 5);
    expect(await follower.drain()).toEqual([3, 4]);
  });

  it('begins at the start of a line that is only half there', async () => {
    lab.appendUses(0, 3);
    lab.append(useLine(3).slice(0, 50));
    await follower.fromEnd();
    lab.append(`${useLine(3).slice(50)}\n`);
    expect(await follower.drain()).toEqual([3]);
  });

  it('passes over rotated files at the end, also when the live one is empty', async () => {
    lab.appendUses(0, 3);
    lab.rotate();
    await follower.fromEnd();
    lab.appendUses(3, 5);
    await follower.restart();
    expect(await follower.drain()).toEqual([3, 4]);
  });

  it('reads everything from the beginning: rotated files by the time in their names, then the live one', async () => {
    lab.appendUses(0, 2);
    lab.compress(lab.rotate());
    lab.appendUses(2, 4);
    const second = lab.rotate();
    lab.appendUses(4, 6);
    lab.rotate();
    lab.appendUses(6, 8);
    // neither order in the folder nor time of modification counts
    utimesSync(second, 0, 0);
    await follower.fromBeginning();
    expect(await follower.drain()).toEqual(range(0, 8));
    expect(follower.linesRead).toBe(16);
  });

  it('reads a file from its first byte that was not there yet', async () => {
    await follower.fromEnd();
    expect(await follower.drain()).toEqual([]);
    lab.appendUses(0, 2);
    expect(await follower.drain()).toEqual([0, 1]);
  });

  it('does not skip what is written between a start without a file and a restart', async () => {
    await follower.fromEnd();
    lab.appendUses(0, 2);
    lab.rotate();
    lab.appendUses(2, 4);
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 4));
  });

  it('leaves other files alone', async () => {
    lab.appendUses(0, 2);
    writeFileSync(join(lab.folder, 'audit-2026-11-23T18-00-00.000.txt'), `${useLine(90)}\n`);
    writeFileSync(join(lab.folder, 'audit-policy.log'), `${useLine(91)}\n`);
    writeFileSync(join(lab.folder, 'kube-audit-2026-11-23T18-00-00.000.log'), `${useLine(92)}\n`);
    await follower.fromBeginning();
    expect(await follower.drain()).toEqual([0, 1]);
  });
});

describe('lines', () => {
  it('counts every line and hands out the relevant ones', async () => {
    await follower.fromBeginning();
    lab.append(`${leaseLine(0)}\n${useLine(1)}\n\nnot json at all\n${leaseLine(2)}\n`);
    const batch = await follower.step();
    expect(batch?.lines.map(String)).toEqual([useLine(1), 'not json at all']);
    expect(batch?.linesRead).toBe(5);
    expect(batch?.checkpoint.file?.offset).toBe(batch?.bytesRead);
  });

  it('waits for the rest of a partial last line, however small the pieces', async () => {
    await follower.fromBeginning();
    const bytes = Buffer.from(`${useLine(0)}\n`);
    for (const byte of bytes.subarray(0, -1)) {
      lab.append(Buffer.of(byte));
      expect(await follower.step()).toBeUndefined();
    }
    lab.append('\n');
    expect(await follower.drain()).toEqual([0]);
  });

  it('keeps UTF-8 whole that is cut by a read', async () => {
    follower = new Follower(lab, { readBytes: 1 });
    await follower.fromBeginning();
    lab.append(`${useLine(0)}\n`);
    let batch = await follower.step();
    while (!batch) batch = await follower.step();
    expect(batch.lines.map(String)).toEqual([useLine(0)]);
  });

  it('reads lines of 10 MB and sets longer ones aside, and the rest goes on', async () => {
    const max = 10 * 1024 * 1024;
    follower = new Follower(lab, { maxLineBytes: max, readBytes: 1024 * 1024 });
    await follower.fromBeginning();
    const fixed = useLine(1).length + 8;
    lab.append(`${useLine(1, 'x'.repeat(max - fixed))}\n${useLine(2, 'x'.repeat(max))}\n${useLine(3)}\n`);
    expect(await follower.drain()).toEqual([1, 3]);
    expect(follower.linesRead).toBe(3);
    expect(follower.deadLetters.added.map((dead) => dead.reason)).toEqual(['too-long']);
    expect(follower.deadLetters.added[0]?.line).toContain('"auditID":"use-2"');
    expect(follower.deadLetters.added[0]?.line.length).toBeLessThan(10_000);
  });

  it('takes the last line of a rotated file without its newline', async () => {
    await follower.fromBeginning();
    lab.append(`${useLine(0)}\n${useLine(1)}`);
    lab.rotate();
    expect(await follower.drain()).toEqual([0]);
    lab.appendUses(2, 3);
    expect(await follower.drain()).toEqual([0, 1, 2]);
  });
});

describe('rename-and-create', () => {
  it('reads the old file to its end before the new one', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.appendUses(2, 4);
    lab.rotate();
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
  });

  it('waits in the old file for a writer that has not opened the new one yet', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.rename();
    lab.append(useLine(2).slice(0, 40));
    await follower.drain();
    lab.append(`${useLine(2).slice(40)}\n`);
    lab.reopen();
    lab.appendUses(3, 5);
    expect(await follower.drain()).toEqual(range(0, 5));
  });

  it('follows several rotations at once, compressed and plain, while it holds a file open', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.appendUses(2, 4);
    lab.compress(lab.rotate());
    lab.appendUses(4, 6);
    lab.compress(lab.rotate());
    lab.appendUses(6, 8);
    lab.rotate();
    lab.appendUses(8, 9);
    expect(await follower.drain()).toEqual(range(0, 9));
    expect(follower.gaps).toEqual([]);
  });

  it('finishes a file that was deleted while it was being read', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.appendUses(2, 4);
    rmSync(lab.rotate());
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
    expect(follower.gaps).toEqual([]);
  });

  it('does not read older files again when the one it holds open was deleted', async () => {
    lab.appendUses(0, 2);
    lab.rotate();
    await follower.fromEnd();
    lab.appendUses(2, 4);
    await follower.drain();
    lab.appendUses(4, 6);
    rmSync(lab.rotate());
    lab.appendUses(6, 8);
    lab.rotate();
    lab.appendUses(8, 10);
    expect(await follower.drain()).toEqual(range(2, 10));
    expect(follower.gaps).toEqual([]);
  });

  it('does not read older files again when the clock was put back', async () => {
    lab.appendUses(0, 2);
    lab.rotate(join(lab.folder, 'audit-2027-01-01T00-00-00.000.log'));
    lab.appendUses(2, 4);
    await follower.fromBeginning();
    await follower.drain();
    lab.appendUses(4, 6);
    lab.rotate(join(lab.folder, 'audit-2026-01-01T00-00-00.000.log'));
    lab.appendUses(6, 8);
    expect(await follower.drain()).toEqual(range(0, 8));
    await follower.restart();
    lab.appendUses(8, 10);
    expect(await follower.drain()).toEqual(range(0, 10));
  });

  it('takes the plain file while it is being compressed', async () => {
    lab.appendUses(0, 4);
    const rotated = lab.rotate();
    lab.appendUses(4, 5);
    writeFileSync(`${rotated}.gz`, gzipSync(`${useLine(0)}\n`).subarray(0, 20));
    await follower.fromBeginning();
    expect(await follower.drain()).toEqual(range(0, 5));
  });

  it('follows numbered rotation, where every name moves on', async () => {
    await follower.fromBeginning();
    for (let n = 0; n < 8; n += 2) {
      lab.appendUses(n, n + 1);
      if (n === 4) await follower.drain();
      lab.appendUses(n + 1, n + 2);
      for (let number = 9; number > 0; number--) {
        for (const gz of ['', '.gz']) {
          const from = `audit.log.${number}${gz}`;
          if (!lab.files().includes(from)) continue;
          const path = join(lab.folder, from);
          if (gz === '' && number === 1) lab.compress(path);
          rename(number, gz === '' && number === 1 ? '.gz' : gz);
        }
      }
      lab.rotate(`${lab.path}.1`);
    }
    lab.appendUses(8, 10);
    expect(lab.files()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2.gz', 'audit.log.3.gz', 'audit.log.4.gz']);
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 10));
    expect(follower.gaps).toEqual([]);
  });
});

const rename = (number: number, gz: string): void => {
  renameSync(`${lab.path}.${number}${gz}`, `${lab.path}.${number + 1}${gz}`);
};

describe('truncation', () => {
  it('reads the rest in the copy that copytruncate left, then the live file from its start', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.appendUses(2, 4);
    lab.copy();
    lab.truncate();
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
    expect(follower.gaps).toEqual([]);
  });

  it('sees a file that was truncated and has since grown beyond where it had been', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.compress(lab.copy());
    lab.truncate();
    lab.appendUses(2, 20);
    expect(await follower.drain()).toEqual(range(0, 20));
    expect(follower.gaps).toEqual([]);
  });

  it('sees it although all that it knew was the beginning of a line, as others begin too', async () => {
    lab.append(leaseLine(0).slice(0, 60));
    await follower.fromBeginning();
    expect(await follower.drain()).toEqual([]);
    lab.append(`${leaseLine(0).slice(60)}\n`);
    lab.copy();
    lab.truncate();
    lab.appendUses(1, 4);
    expect(await follower.drain()).toEqual([1, 2, 3]);
    expect(follower.linesRead).toBe(7);
    expect(follower.gaps).toEqual([]);
  });

  it('tells of a gap when there is no copy', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 4);
    await follower.drain();
    lab.truncate();
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
    expect(follower.gaps).toEqual(['truncated']);
  });

  it('does not read again what is left of a file that was cut in the middle', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 20);
    await follower.drain();
    lab.truncate(2000);
    expect(await follower.drain()).toEqual(range(0, 20));
    expect(follower.gaps).toEqual(['truncated']);
    lab.append(`\n${useLine(20)}\n`);
    expect(await follower.drain()).toEqual(range(0, 21));
  });

  it('does not read a copy and then its original again', async () => {
    lab.appendUses(0, 4);
    lab.copy();
    await follower.fromBeginning();
    expect(await follower.drain()).toEqual(range(0, 4));
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
  });

  it('steps over the hole that a writer leaves which does not append', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 4);
    await follower.drain();
    const length = follower.bytesRead;
    lab.copy();
    lab.truncate();
    lab.truncate(length);
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(range(0, 6));
    expect(follower.deadLetters.added).toEqual([]);
    expect(follower.gaps).toEqual([]);
  });

  // The race that copytruncate has by itself: only what was read in time is kept.
  it.each([
    { read: true, expected: [0, 1, 2, 3, 4, 5] },
    { read: false, expected: [0, 1, 4, 5] },
  ])('keeps what was written between copy and truncation if it was read in time: $read', async ({ read, expected }) => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    lab.copy();
    lab.appendUses(2, 4);
    if (read) await follower.drain();
    lab.truncate();
    lab.appendUses(4, 6);
    expect(await follower.drain()).toEqual(expected);
  });
});

describe('a restart', () => {
  it('reads on where the last acknowledged batch ended', async () => {
    follower = new Follower(lab, { readBytes: 2000 });
    await follower.fromBeginning();
    lab.appendUses(0, 20);
    await follower.step();
    await follower.step();
    await follower.waste();
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 20));
  });

  it.each(['plain', 'compressed'] as const)('finds a file again that was rotated away meanwhile: %s', async (kind) => {
    await follower.fromBeginning();
    lab.appendUses(0, 2);
    await follower.drain();
    lab.appendUses(2, 4);
    await follower.stop();
    const rotated = lab.rotate();
    if (kind === 'compressed') lab.compress(rotated);
    lab.appendUses(4, 6);
    lab.compress(lab.rotate());
    lab.appendUses(6, 8);
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 8));
    expect(follower.gaps).toEqual([]);
  });

  it('finds a file that is short, and has grown beyond what was hashed', async () => {
    await follower.fromBeginning();
    lab.append(`${useLine(0)}\n`);
    await follower.drain();
    expect(follower.acknowledged?.file?.fingerprint.length).toBeLessThan(1024);
    lab.appendUses(1, 20);
    lab.compress(lab.rotate());
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 20));
    expect(follower.acknowledged?.file?.fingerprint.length).toBe(1024);
  });

  it('is not fooled by an inode that another file has now', async () => {
    await follower.fromBeginning();
    lab.appendUses(0, 4);
    await follower.drain();
    await follower.stop();
    lab.compress(lab.copy());
    // same inode, other content, longer than before
    lab.truncate();
    lab.appendUses(4, 30);
    await follower.restart();
    expect(await follower.drain()).toEqual(range(0, 30));
  });

  it('tells of a gap when the file is gone, and goes on with the oldest that is newer', async () => {
    lab.appendUses(90, 92);
    lab.rotate();
    await follower.fromEnd();
    lab.appendUses(0, 2);
    await follower.drain();
    await follower.stop();
    rmSync(lab.rotate());
    lab.appendUses(4, 6);
    lab.rotate();
    lab.appendUses(6, 8);
    await follower.restart();
    expect(await follower.drain()).toEqual([0, 1, 4, 5, 6, 7]);
    expect(follower.gaps).toEqual(['remembered-file-gone']);
  });

  it('tells of a gap when an archive is damaged, and goes on behind it', async () => {
    follower = new Follower(lab, { readBytes: 256 });
    await follower.fromBeginning();
    lab.append(`${useLine(0)}\n`);
    await follower.drain();
    const rotated = lab.rotate();
    lab.appendUses(1, 3);
    await follower.drain();
    writeFileSync(`${rotated}.gz`, 'no archive');
    rmSync(rotated);
    const second = lab.rotate();
    const archive = gzipSync(
      range(3, 2000)
        .map((n) => `${useLine(n)}\n`)
        .join(''),
    );
    rmSync(second);
    writeFileSync(`${second}.gz`, archive.subarray(0, archive.length / 2));
    lab.appendUses(2000, 2002);
    const other = await new Follower(lab).fromBeginning();
    await other.drain();
    await other.stop();
    expect(other.gaps).toEqual(['archive-damaged', 'archive-damaged']);
    expect(other.numbers.slice(-2)).toEqual([2000, 2001]);
  });

  it('has a checkpoint that survives being written down', async () => {
    lab.appendUses(0, 2);
    lab.rotate();
    lab.appendUses(2, 4);
    await follower.fromBeginning();
    await follower.drain();
    expect(AuditCheckpoint.parse(JSON.parse(JSON.stringify(follower.acknowledged)))).toEqual(follower.acknowledged);
    expect(follower.acknowledged).toMatchObject({ after: { name: lab.files()[0] }, file: { name: 'audit.log' } });
  });

  it('does not read a file twice that is appended to by nobody else', async () => {
    lab.appendUses(0, 2);
    await follower.fromBeginning();
    await follower.drain();
    for (let i = 0; i < 3; i++) {
      await follower.restart();
      expect(await follower.drain()).toEqual([0, 1]);
    }
    appendFileSync(lab.path, `${useLine(2)}\n`);
    expect(await follower.drain()).toEqual([0, 1, 2]);
  });
});
