/** Who opens tokens of how many pods, within a window. By actor: a session of the host, or a container. Bounded. */
import { BoundedMap } from '../../inventory/bounded-map.ts';
import type { TokenRead } from '../../schema/observation.ts';
import { MINUTE, type Micros } from '../../time.ts';

interface Opened {
  observation: string;
  time: Micros;
}

const MAX_ACTORS = 5_000;
/** More than run on a node. */
const MAX_PODS = 512;
const WINDOW: Micros = 10 * MINUTE;

export class Sweeps {
  /** By actor, then by the pod whose token was opened: the newest opening. */
  readonly #actors = new BoundedMap<string, Map<string, Opened>>(MAX_ACTORS);

  note(read: TokenRead): void {
    const key = actorOf(read);
    if (key === undefined) return;
    const opened = this.#actors.touch(key, () => new Map());
    opened.delete(read.file.pod.uid);
    opened.set(read.file.pod.uid, { observation: read.id, time: read.time });
    for (const [pod, { time }] of opened) {
      if (time >= read.time - WINDOW && opened.size <= MAX_PODS) break;
      opened.delete(pod);
    }
  }

  /** The newest opening of each pod's token by the same actor in the window before, this one included, oldest first. */
  of(read: TokenRead): string[] {
    const opened = [...(this.#actors.peek(actorOf(read) ?? '')?.values() ?? [])];
    return opened.filter(({ time }) => time >= read.time - WINDOW).map(({ observation }) => observation);
  }
}

/** The kubelet opens them all, and a container its own. What nobody got, or somebody may, is no part of it. */
function actorOf({ opener, node, access, outcome, excused }: TokenRead): string | undefined {
  if (access !== 'read' || outcome === 'denied' || excused !== undefined) return undefined;
  return opener?.relation === 'host' || opener?.relation === 'other-pod' ? `${node} ${opener.actor}` : undefined;
}
