/** Wakes the reader when its file may have changed: by the kernel's notice, and by a slow poll in case one was missed. */
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from 'pino';

export interface WakerOptions {
  path: string;
  pollMs: number;
  /** Changes that come within this time are one: a busy log changes a thousand times a second. */
  settleMs: number;
  logger: Logger;
}

export class Waker {
  readonly #options: WakerOptions;
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #changed = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: WakerOptions) {
    this.#options = options;
    this.#watch();
  }

  /** Resolves after the next change (at once if there was one since the last call), the poll interval or `close`. */
  async next(): Promise<void> {
    if (this.#closed) return;
    if (!this.#changed) await this.#sleep();
    this.#changed = false;
    this.#watch();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#settling);
    this.#wake?.();
    await this.#watcher?.close();
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const poll = setTimeout(() => this.#wake?.(), this.#options.pollMs);
      this.#wake = () => {
        clearTimeout(poll);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Watches the folder, which outlives the files in it; if it isn't there yet, the poll will try again. */
  #watch(): void {
    const { path, logger } = this.#options;
    const folder = dirname(path);
    if (this.#watcher || this.#closed || !existsSync(folder)) return;
    const watcher = watch(folder, {
      depth: 0,
      ignoreInitial: true,
      atomic: false,
      ignored: (entry) => entry !== folder && entry !== path,
    });
    this.#watcher = watcher;
    // The kernel's own events: chokidar looks at a folder at most once a second, and misses what came in between.
    watcher.on('raw', (_event, changed) => {
      if (!changed || basename(changed) === basename(path)) this.#settle();
    });
    watcher.on('all', () => this.#settle());
    watcher.on('ready', () => this.#settle());
    watcher.on('unlinkDir', (gone) => {
      if (gone !== folder) return;
      this.#watcher = undefined;
      void watcher.close();
    });
    watcher.on('error', (err) => logger.warn({ err }, 'audit log folder cannot be watched, polling only'));
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#changed = true;
      this.#wake?.();
    }, this.#options.settleMs);
  }
}
