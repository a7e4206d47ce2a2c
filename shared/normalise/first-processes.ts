import { BoundedMap } from '../inventory/bounded-map.ts';
import type { RawAncestor } from '../schema/token-open.ts';
import type { Firsts } from './opener.ts';

const MAX_CONTAINERS = 20_000;

/** Takes the oldest process that was seen to begin a lineage in a container for its first: who enters comes later. */
export class FirstProcesses implements Firsts {
  readonly #oldest = new BoundedMap<string, RawAncestor>(MAX_CONTAINERS);

  isFirst(container: string, root: RawAncestor): boolean {
    const oldest = this.#oldest.touch(container, () => root);
    if (oldest.pid === root.pid) return true;
    if (!isOlder(root, oldest)) return false;
    this.#oldest.set(container, root);
    return true;
  }
}

/** By their start, else by their pids, which grow until they begin anew. */
const isOlder = (a: RawAncestor, b: RawAncestor): boolean =>
  a.starttime !== undefined && b.starttime !== undefined ? a.starttime < b.starttime : a.pid < b.pid;
