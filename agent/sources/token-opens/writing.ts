/**
 * Files that are being written. An open of an empty file may be of a token's that is about to be written, or of any other
 * file's: which, is known once it is closed. And whoever wrote it may have ended by then.
 */
import { BoundedMap } from '../../../shared/inventory/bounded-map.ts';
import type { TokenOpen } from '../../../shared/schema/token-open.ts';
import type { OpenedFile } from './files.ts';
import type { FoundOpener } from './opener-reader.ts';

const MAX_FILES = 64;
const MAX_OPENS_OF_FILE = 16;
const MAX_OPENERS = 256;

export class Writing {
  readonly #opens = new BoundedMap<string, TokenOpen[]>(MAX_FILES);
  readonly #openers = new BoundedMap<string, FoundOpener>(MAX_OPENERS);

  /** Keeps an open of an empty file until it is known what it is. */
  hold(file: OpenedFile, open: TokenOpen): void {
    const opens = this.#opens.touch(keyOf(file), () => []);
    opens.push(open);
    if (opens.length > MAX_OPENS_OF_FILE) opens.shift();
  }

  /** What was kept. */
  release(file: OpenedFile): TokenOpen[] {
    const key = keyOf(file);
    const opens = this.#opens.peek(key) ?? [];
    this.#opens.delete(key);
    return opens;
  }

  /** Who opened a file that it may be going to write. */
  opened(file: OpenedFile, pid: number, opener: FoundOpener): void {
    this.#openers.set(`${pid} ${keyOf(file)}`, opener);
  }

  openerOf(file: OpenedFile, pid: number): FoundOpener | undefined {
    return this.#openers.peek(`${pid} ${keyOf(file)}`);
  }
}

const keyOf = ({ volume, inode }: OpenedFile): string => `${volume.mountPoint} ${inode}`;
