/**
 * Openings that are just like one that was told of are told once in a while, with how many there were: a workload that reads
 * its token with every request would otherwise be most of what an agent says, and who opens one file for ever would drown
 * the rest. Where a rule found something, many are told of first. Pure and bounded; time is event time.
 */
import { hash } from 'node:crypto';
import type { TokenRead } from '../shared/schema/observation.ts';
import { type Micros, SECOND } from '../shared/time.ts';

interface Fold {
  told: Micros;
  /** How many were told of one by one. */
  passed: number;
  /** The newest that was not told of. */
  held: TokenRead | undefined;
  /** How many were not told of. */
  count: number;
  /** The volume that it is counted as a kind of. Undefined: it is of all those kinds that are not told apart. */
  volume: string | undefined;
}

const MAX_FOLDS = 10_000;
/**
 * Kinds of reads in one volume that are told apart; a workload has a handful. Whoever gives each of its reads another name
 * is one kind then, so that nobody can fill up what waits to be delivered, and have reads of others left out.
 */
const MAX_KINDS = 128;
/** So often the same reader of the same token is told of where there is something about it. */
const MANY = 20;
const LOOK_EVERY: Micros = SECOND;
const ORDINARY: ReadonlySet<string> = new Set(['in-container', 'kubelet', 'runtime']);

export class ReadFold {
  readonly #window: Micros;
  readonly #max: number;
  readonly #folds = new Map<string, Fold>();
  /** Of each volume. */
  readonly #kinds = new Map<string, number>();
  /** Those of which another read is held, or none any more, since `changes` was asked. */
  readonly #changed = new Set<string>();
  #looked: Micros = 0;

  /** @param window how long what is like one that was told of is held; 0: nothing is */
  constructor(window: Micros, max = MAX_FOLDS) {
    this.#window = window;
    this.#max = max;
  }

  /**
   * What is to be told now: the read, unless it is held. Where there are too many kinds of them, each is told.
   *
   * @param isFound a rule found something in it
   */
  see(read: TokenRead, isFound: boolean): TokenRead[] {
    if (this.#window === 0) return [read];
    const exact = keyOf(read);
    const volume = volumeOf(read);
    const isOneOfMany = !this.#folds.has(exact) && (this.#kinds.get(volume) ?? 0) >= MAX_KINDS;
    const key = isOneOfMany ? anyOf(read) : exact;
    const fold = this.#folds.get(key);
    if (!fold) {
      if (this.#folds.size < this.#max) this.#add(key, read, isOneOfMany ? undefined : volume);
      return [read];
    }
    if (fold.passed < (isFound || !isOrdinary(read) ? MANY : 1)) {
      fold.passed += 1;
      return [read];
    }
    fold.count += 1;
    fold.held = read;
    this.#changed.add(key);
    return read.time - fold.told < this.#window ? [] : tell(fold);
  }

  /** What was held for the whole window. What has not come again since is forgotten. */
  advance(now: Micros): TokenRead[] {
    if (now - this.#looked < LOOK_EVERY) return [];
    this.#looked = now;
    const told: TokenRead[] = [];
    for (const [key, fold] of this.#folds) {
      if (now - fold.told < this.#window) continue;
      if (fold.held) told.push(...this.#tell(key, fold));
      else this.#forget(key, fold);
    }
    return told;
  }

  #add(key: string, { time }: TokenRead, volume: string | undefined): void {
    this.#folds.set(key, { told: time, passed: 1, held: undefined, count: 0, volume });
    if (volume !== undefined) this.#kinds.set(volume, (this.#kinds.get(volume) ?? 0) + 1);
  }

  #forget(key: string, { volume }: Fold): void {
    this.#folds.delete(key);
    if (volume === undefined) return;
    const kinds = (this.#kinds.get(volume) ?? 0) - 1;
    if (kinds > 0) this.#kinds.set(volume, kinds);
    else this.#kinds.delete(volume);
  }

  /** All that is held. */
  flush(): TokenRead[] {
    return [...this.#folds].flatMap(([key, fold]) => this.#tell(key, fold));
  }

  /** What is held and what no more, by name, as far as it has changed since the last call: so that it can be remembered. */
  changes(): { hold: Map<string, TokenRead>; release: string[] } {
    const hold = new Map<string, TokenRead>();
    const release: string[] = [];
    for (const key of this.#changed) {
      const name = hash('sha1', `fold\n${key}`, 'hex');
      const fold = this.#folds.get(key);
      if (fold?.held) hold.set(name, summaryOf(fold.held, fold.count));
      else release.push(name);
    }
    this.#changed.clear();
    return { hold, release };
  }

  #tell(key: string, fold: Fold): TokenRead[] {
    this.#changed.add(key);
    return tell(fold);
  }
}

function tell(fold: Fold): TokenRead[] {
  const { held, count } = fold;
  if (!held) return [];
  fold.held = undefined;
  fold.count = 0;
  fold.told = held.time;
  return [summaryOf(held, count)];
}

/** The newest of so many. */
const summaryOf = (held: TokenRead, count: number): TokenRead => (count > 1 ? { ...held, repeats: count - 1 } : held);

export const isOrdinary = ({ opener, outcome, access, excused }: TokenRead): boolean =>
  opener !== undefined &&
  outcome === 'allowed' &&
  access === 'read' &&
  (excused !== undefined || ORDINARY.has(opener.relation));

/** Whoever reads it again in the same way: the process may be another each time. */
function keyOf({ node, credential, file, opener, access, outcome }: TokenRead): string {
  const lineage = (opener?.lineage ?? []).map(({ exe, comm }) => exe ?? comm);
  const reader = [opener?.relation, opener?.actor, opener?.exe, opener?.comm, ...(opener?.uids ?? []), ...lineage];
  return [node, credential?.id, file.path, access, outcome, ...reader].join('\n');
}

const volumeOf = ({ node, file }: TokenRead): string => [node, file.pod.uid, file.volume].join('\n');

/** Whoever reads it, as far as what they are to it is the same. */
const anyOf = (read: TokenRead): string =>
  [volumeOf(read), read.access, read.outcome, read.opener?.relation, read.excused].join('\n');
