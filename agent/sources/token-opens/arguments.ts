/**
 * Arguments of processes. They are read out of the process's own memory, and a process can put them on a page that never
 * comes (FUSE, userfaultfd): then reading does not return. So whose arguments are being read is told beforehand, and those
 * of a process that a reader hung on are not asked for again.
 */
import type { ProcFiles } from './proc-files.ts';
import { parseCmdline } from './proc-text.ts';

export interface ArgumentsOptions {
  proc: ProcFiles;
  onAsk(pid: number): void;
  isShunned(pid: number): boolean;
}

export class Arguments {
  readonly #options: ArgumentsOptions;

  constructor(options: ArgumentsOptions) {
    this.#options = options;
  }

  /** @param folder its folder of /proc */
  of(folder: number, pid: number, maxBytes: number): string[] {
    const { proc, onAsk, isShunned } = this.#options;
    if (isShunned(pid)) return [];
    onAsk(pid);
    const text = proc.text(folder, 'cmdline', maxBytes);
    onAsk(0);
    return parseCmdline(text ?? '');
  }
}
