/**
 * Which processes of a container usually open its token: learned from the workload's own steady reads, by account, container
 * and image, so that all replicas of a workload teach one profile and a new image begins a new one. Nothing is learned from
 * exec sessions, hosts or other pods. Bounded, pure, and good to be saved and restored.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { BoundedMap } from '../../inventory/bounded-map.ts';
import { MULTI_CALL } from '../../normalise/programs.ts';
import type { Opener, TokenFile, TokenRead } from '../../schema/observation.ts';
import { HOUR, type Micros, SECOND } from '../../time.ts';

/**
 * `first`: nobody in the container had read it all through a learning period; `learning`: too early to tell; `familiar`;
 * `new`: others are familiar, though not for long; `unfamiliar`: the profile has had its learning period.
 */
export type Familiarity = 'learning' | 'familiar' | 'new' | 'first' | 'unfamiliar';

export interface ProfileOptions {
  /** After this long a profile is taken for complete. */
  learningPeriod: Micros;
}

const Sign = z.strictObject({ first: z.int(), last: z.int(), count: z.int().positive() });
type Sign = z.infer<typeof Sign>;
const Profile = z.strictObject({
  /** When its token was first read. */
  first: z.int(),
  reads: z.int().nonnegative(),
  /** By signature of the reader. */
  familiar: z.array(z.tuple([z.string().max(40), Sign])).max(64),
  strange: z.array(z.tuple([z.string().max(40), Sign])).max(64),
});
/** What is saved. */
export const SavedProfiles = z.strictObject({
  profiles: z.array(z.tuple([z.string().max(2048), Profile])).max(20_000),
  watched: z.array(z.tuple([z.string().max(64), z.int()])).max(20_000),
});
export type SavedProfiles = z.infer<typeof SavedProfiles>;

interface Learned {
  first: Micros;
  reads: number;
  familiar: Map<string, Sign>;
  strange: Map<string, Sign>;
}

const MAX_PROFILES = 5_000;
const MAX_PODS = 20_000;
const MAX_SIGNATURES = 64;
/** So many reads over so long show what is usual, until the learning period shows more. */
const FEW = { reads: 5, span: 5 * SECOND };
/** A stranger who reads so often over so long is part of the workload. */
const STEADY = { reads: 10, span: 24 * HOUR };

export class ReadProfiles {
  readonly #learningPeriod: Micros;
  readonly #profiles = new BoundedMap<string, Learned>(MAX_PROFILES);
  /** Since when each pod's token files are watched. */
  readonly #watched = new BoundedMap<string, Micros>(MAX_PODS);
  #learned = 0;

  constructor({ learningPeriod }: ProfileOptions) {
    this.#learningPeriod = learningPeriod;
  }

  /** How many there are. */
  get size(): number {
    return this.#profiles.size;
  }

  /** Grows with everything that is learned. */
  get learned(): number {
    return this.#learned;
  }

  watch({ file, time }: TokenFile): void {
    this.#learned += 1;
    this.#watched.touch(file.pod.uid, () => time);
  }

  /** Undefined: the read says nothing of what is usual in a container. Learns nothing. */
  judge(read: TokenRead): Familiarity | undefined {
    const key = keyOf(read);
    if (key === undefined || !read.opener) return undefined;
    const profile = this.#profiles.peek(key);
    if (!profile) return this.#isLate(read) ? 'first' : 'learning';
    const signature = signatureOf(read.opener);
    if (profile.familiar.has(signature) && !read.opener.exeState) return 'familiar';
    if (read.time - profile.first >= this.#learningPeriod) return 'unfamiliar';
    if (profile.reads < FEW.reads || read.time - profile.first < FEW.span) return 'learning';
    return 'new';
  }

  /** How often this stranger has read before. */
  strangeness(read: TokenRead): number {
    const profile = this.#profiles.peek(keyOf(read) ?? '');
    return (read.opener && profile?.strange.get(signatureOf(read.opener))?.count) ?? 0;
  }

  /** To be called once with every read, after it was judged. */
  learn(read: TokenRead): void {
    const key = keyOf(read);
    const familiarity = this.judge(read);
    if (key === undefined || !read.opener || familiarity === undefined) return;
    const profile = this.#profiles.touch(key, () => ({
      first: read.time,
      reads: 0,
      familiar: new Map(),
      strange: new Map(),
    }));
    this.#learned += 1;
    profile.first = Math.min(profile.first, read.time);
    profile.reads += 1;
    const signature = signatureOf(read.opener);
    if (read.opener.exeState) return;
    if (familiarity === 'familiar' || familiarity === 'learning' || familiarity === 'first') {
      note(profile.familiar, signature, read.time);
      return;
    }
    const { first, last, count } = note(profile.strange, signature, read.time);
    if (count < STEADY.reads || last - first < STEADY.span) return;
    profile.strange.delete(signature);
    put(profile.familiar, signature, { first, last, count });
  }

  save(): SavedProfiles {
    return {
      profiles: [...this.#profiles.entries()].map(([key, { first, reads, familiar, strange }]) => [
        key,
        { first, reads, familiar: [...familiar], strange: [...strange] },
      ]),
      watched: [...this.#watched.entries()],
    };
  }

  restore({ profiles, watched }: SavedProfiles): void {
    for (const [key, { first, reads, familiar, strange }] of profiles) {
      this.#profiles.set(key, { first, reads, familiar: new Map(familiar), strange: new Map(strange) });
    }
    for (const [pod, since] of watched) this.#watched.set(pod, since);
  }

  #isLate({ file, time }: TokenRead): boolean {
    return time - (this.#watched.peek(file.pod.uid) ?? time) >= this.#learningPeriod;
  }
}

/** Without an image the container itself. */
function keyOf({ opener, principal, access, file }: TokenRead): string | undefined {
  if (opener?.relation !== 'in-container' || access !== 'read' || !opener.container) return undefined;
  const { id, name, image } = opener.container;
  const container = image === undefined ? id : `${name ?? ''} ${image}`;
  return `${principal ?? file.pod.uid} ${container} ${volumeKind(file.volume)}`;
}

/** `kube-api-access-x7k2p` ends otherwise for each pod. */
const volumeKind = (volume: string): string => volume.replace(/^(kube-api-access)-[a-z0-9]{5}$/, '$1');

/** The reader with whoever started it, up to the container's first process. Hashed: paths are as long as somebody likes. */
function signatureOf({ exe, comm, lineage, exeSize, exeTime }: Opener): string {
  const inside = lineage.slice(0, -1);
  const chain = [{ exe, comm }, ...inside].map((process) => programOf(process.exe, process.comm));
  return hash('sha1', [...chain, exeSize ?? '', exeTime ?? ''].join('\n'), 'hex');
}

const programOf = (exe: string | undefined, comm: string): string =>
  exe === undefined || MULTI_CALL.test(exe) ? `${exe ?? ''}:${comm}` : exe;

function note(signs: Map<string, Sign>, signature: string, time: Micros): Sign {
  const sign = signs.get(signature) ?? { first: time, last: time, count: 0 };
  sign.first = Math.min(sign.first, time);
  sign.last = Math.max(sign.last, time);
  sign.count += 1;
  put(signs, signature, sign);
  return sign;
}

/** Who has not been seen for longest makes room. */
function put(signs: Map<string, Sign>, signature: string, sign: Sign): void {
  signs.delete(signature);
  signs.set(signature, sign);
  if (signs.size <= MAX_SIGNATURES) return;
  const [oldest] = signs.keys();
  if (oldest !== undefined) signs.delete(oldest);
}
