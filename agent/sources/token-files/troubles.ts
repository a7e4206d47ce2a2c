/** What keeps a source from seeing, by reason and by where: told once when a reason comes up, and when none is left. */
import type { SourceStatus } from '../../../shared/schema/observation.ts';

export type TroubleReason =
  /** The pods' folder isn't there. */
  | 'folder-missing'
  | 'folder-unreadable'
  /** The kernel's limit on inotify is reached. */
  | 'watches-exhausted'
  /** The node has volumes mounted that aren't seen here. */
  | 'mounts-hidden'
  | 'too-many-pods';

export interface TokenFilesStatus extends Pick<SourceStatus, 'detail'> {
  status: 'ok' | 'blind';
  reason: 'watching' | TroubleReason;
}

export class Troubles {
  readonly #onStatus: (status: TokenFilesStatus) => void;
  readonly #all = new Map<TroubleReason, Map<string, string>>();

  constructor(onStatus: (status: TokenFilesStatus) => void) {
    this.#onStatus = onStatus;
  }

  /** The oldest. */
  get detail(): string | undefined {
    for (const [reason, where] of this.#all) {
      for (const detail of where.values()) return `${reason}: ${detail}`;
    }
    return undefined;
  }

  raise(reason: TroubleReason, where: string, detail: string): void {
    const known = this.#all.get(reason);
    if (known) {
      known.set(where, detail);
      return;
    }
    this.#all.set(reason, new Map([[where, detail]]));
    this.#onStatus({ status: 'blind', reason, detail });
  }

  clear(reason: TroubleReason, where: string): void {
    const known = this.#all.get(reason);
    if (!known?.delete(where) || known.size > 0) return;
    this.#all.delete(reason);
    if (this.#all.size === 0) this.tellOk();
  }

  /** Whatever there was, is over there. */
  clearAll(where: string): void {
    for (const reason of this.#all.keys()) this.clear(reason, where);
  }

  tellOk(): void {
    this.#onStatus({ status: 'ok', reason: 'watching', detail: 'token files are watched' });
  }
}
