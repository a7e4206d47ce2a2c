/** A file that lines are appended to. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutputFailure } from '../failure.ts';

const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
/** A link that somebody else has put there could lead to any file. */
const FLAGS = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
/** The group may read: what ships the lines elsewhere runs as somebody else. */
const MODE = 0o640;
const LINE_FEED = 0x0a;

export class LineFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Bytes. */
  readonly size: number;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.size = size;
  }

  /** It is created if it is missing. @throws OutputFailure, or what the system says */
  static async open(path: string): Promise<LineFile> {
    const handle = await open(path, FLAGS, MODE);
    try {
      const found = await handle.stat();
      if (!found.isFile()) {
        const remedy = 'Name a file, or a path where there is nothing yet.';
        throw new OutputFailure('disk', `${path} is not a file.`, { remedy });
      }
      return new LineFile(path, handle, found.size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Resolves once they are on the disk, in the file of that name; after a failure nothing of them is there. */
  async append(lines: Buffer): Promise<void> {
    const whole = (await this.#isCutOff()) ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
    try {
      await writeAll(this.#handle, whole);
      await this.#handle.sync();
      if (this.size === 0) await syncFolder(this.#path);
    } catch (error) {
      await this.#handle.truncate(this.size).catch(() => undefined);
      throw error;
    }
    if (!(await this.#isStillThere()))
      throw new OutputFailure('disk', `${this.#path} was removed while it was written to.`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Whoever wrote to it last was killed in the midst of a line. */
  async #isCutOff(): Promise<boolean> {
    if (this.size === 0) return false;
    const last = Buffer.alloc(1);
    await this.#handle.read(last, 0, 1, this.size - 1);
    return last[0] !== LINE_FEED;
  }

  /** Under this name, or another that it was given. */
  async #isStillThere(): Promise<boolean> {
    const { nlink } = await this.#handle.stat();
    return nlink > 0;
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += (await handle.write(bytes, at)).bytesWritten;
}

/** The name of a new file is on the disk only with its folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
