/**
 * Remembers where each source stands: one JSON file a source in a state folder. A save is durable when it resolves, and a
 * crash leaves either the old one or the new one.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import { TruantError } from '../shared/errors.ts';

export interface Remembered<T> {
  /** Undefined: nothing was saved, or it could not be read. */
  checkpoint: T | undefined;
  /** Where an unreadable one was put: the source is about to forget where it stood. */
  setAside?: string;
}

export class Checkpoints {
  readonly #folder: string;
  readonly #logger: Logger;

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  /** @throws TruantError CHECKPOINT_UNREADABLE when it can't be read, nor set aside if it is no checkpoint */
  async load<T>(source: string, schema: ZodType<T>): Promise<Remembered<T>> {
    const path = this.#path(source);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { checkpoint: undefined };
      throw unreadable(path, cause);
    }
    try {
      return { checkpoint: schema.parse(JSON.parse(text)) };
    } catch (err) {
      const setAside = `${path}.corrupt`;
      await rename(path, setAside).catch((cause: unknown) => {
        throw unreadable(path, cause);
      });
      this.#logger.error({ err, path, setAside }, 'checkpoint is corrupt and was set aside');
      return { checkpoint: undefined, setAside };
    }
  }

  async save(source: string, checkpoint: unknown): Promise<void> {
    const path = this.#path(source);
    const temporary = `${path}.new`;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(checkpoint));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #path(source: string): string {
    if (!/^[a-z0-9-]{1,64}$/.test(source)) throw new RangeError('a source is named in lower case, digits and dashes');
    return join(this.#folder, `${source}.json`);
  }
}

const unreadable = (path: string, cause: unknown): TruantError =>
  new TruantError('CHECKPOINT_UNREADABLE', `The checkpoint ${path} cannot be read.`, {
    cause,
    remedy:
      'Make the state folder readable and writable for the agent, or remove the file to begin at the end of the log.',
  });
