/** Says that something happened in one of some folders, by the kernel's notice. */
import { type FSWatcher, watch } from 'chokidar';

export interface FolderWatchOptions {
  /** Also called once all of the folders are watched: what happened before that went unseen. */
  onChange(): void;
  /** A folder can't be watched. */
  onError(error: unknown): void;
}

export class FolderWatch {
  readonly #options: FolderWatchOptions;
  #shape: string | undefined;
  #watcher: FSWatcher | undefined;
  #isReady = false;
  #hasFailed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /** All that was to be watched is. */
  get isWatching(): boolean {
    return this.#isReady && !this.#hasFailed;
  }

  /**
   * A watch stays with the folders that were there when it was made, and sees nothing of what is mounted over them: with
   * another shape it is made anew.
   *
   * @param folders the topmost first; the others are below it
   * @returns whether it was made anew
   */
  async follow(shape: string, folders: readonly string[]): Promise<boolean> {
    if (shape === this.#shape) return false;
    // First, since chokidar would share the old watch with the new one.
    await this.close();
    this.#shape = shape;
    this.#hasFailed = false;
    this.#watcher = this.#watch(folders);
    return true;
  }

  /** Unless all is watched, it is made anew the next time. */
  retry(): void {
    if (!this.isWatching) this.#shape = undefined;
  }

  async close(): Promise<void> {
    this.#shape = undefined;
    this.#isReady = false;
    await this.#watcher?.close();
  }

  #watch(folders: readonly string[]): FSWatcher {
    const { onChange, onError } = this.#options;
    const watched = new Set(folders);
    const watcher = watch(folders[0] as string, {
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      ignored: (entry) => !watched.has(entry),
    });
    // The kernel's own events: chokidar looks at a folder at most once a second.
    watcher.on('raw', onChange);
    watcher.on('ready', () => {
      this.#isReady = true;
      onChange();
    });
    watcher.on('error', (error) => {
      this.#hasFailed = true;
      onError(error);
    });
    return watcher;
  }
}
