/**
 * What detection remembers of a cluster between observations: the ledger, the rhythm of its addresses, who read which
 * token Secret, what each account usually does. All of it bounded, all of it by event time.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import { Ledger, type LedgerEntry } from '../inventory/ledger.ts';
import { legacyCredentialId } from '../normalise/credential.ts';
import { CONTROLLER_MANAGER, nodeOfKubelet, parsePrincipal } from '../normalise/principal.ts';
import type { Observation, TokenIssue, TokenRead, TokenUse } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { DAY, HOUR, MINUTE, type Micros, SECOND } from '../time.ts';
import { Clients } from './clients.ts';
import { deedOf } from './deeds.ts';
import type { Witnessed } from './exhibit.ts';
import { LearnedHomes } from './learned-homes.ts';
import { Masquerade } from './masquerade.ts';
import { Paths } from './paths.ts';
import { ReadProfiles } from './reads/profiles.ts';
import { Suspects } from './reads/suspects.ts';
import { Sweeps } from './reads/sweeps.ts';

/** A request that may have shown somebody a token Secret: one by name, or a list that held them all. */
export interface SecretRead {
  observation: string;
  time: Micros;
  principal: string;
  credential: string;
  namespace: string;
  /** Undefined: a list. */
  name: string | undefined;
}

interface Refusal {
  observation: string;
  time: Micros;
  what: string;
}

/** How often an account lists Secrets, the pages of one list and what follows at once not counted. */
interface Lists {
  first: Micros;
  last: Micros;
  times: number;
}

interface Habits {
  first: Micros;
  /** Kinds of deed that it was seen doing from home, with when first. */
  deeds: Map<string, Micros>;
}

interface AwaySource {
  first: Micros;
  last: Micros;
  principals: Set<string>;
}

const RECENT_MAX = 5_000;
const RECENT_FOR: Micros = 10 * MINUTE;
const MAX_DEEDS = 128;
/** Who lists Secrets this often, over longer than somebody who looks around, does so for a living. */
const HABITUAL = { times: 3, span: MINUTE, apart: 5 * SECOND };
/** So many different controllers at one address are the controller manager. */
const CONTROLLERS = 2;

export interface MemoryOptions {
  /** How long a container's reads are watched before what is new is out of the ordinary. Default a day. */
  learningPeriod?: Micros;
}

export class Memory {
  readonly ledger = new Ledger();
  readonly masquerade = new Masquerade();
  readonly learned = new LearnedHomes();
  readonly paths = new Paths();
  readonly clients = new Clients();
  readonly profiles: ReadProfiles;
  readonly sweeps = new Sweeps();
  readonly suspects = new Suspects();
  readonly #secretReads = new BoundedMap<string, SecretRead>(20_000);
  readonly #secretLists = new BoundedMap<string, Lists>(20_000);
  readonly #secretWatchers = new BoundedMap<string, true>(5_000);
  readonly #habits = new BoundedMap<string, Habits>(20_000);
  readonly #away = new BoundedMap<string, AwaySource>(20_000);
  readonly #controllers = new BoundedMap<string, Set<string>>(1_000);
  /** Those whose tokens the controller manager was seen to have issued. */
  readonly #ownControllers = new BoundedMap<string, Set<string>>(1_000);
  readonly #refusals = new BoundedMap<string, Refusal[]>(5_000);
  /** Kept for longer than the others: what findings refer back to. */
  readonly #notable = new BoundedMap<string, Witnessed>(10_000);
  #recent: Witnessed[] = [];

  constructor({ learningPeriod = DAY }: MemoryOptions = {}) {
    this.profiles = new ReadProfiles({ learningPeriod });
  }

  /** Takes note of an observation before it is judged. */
  observe(observation: Observation): void {
    if (observation.kind === 'status' || observation.kind === 'heartbeat') return;
    this.#remember(observation);
    if (observation.kind === 'read') {
      this.sweeps.note(observation);
    } else if (observation.kind === 'file') {
      this.ledger.file(observation);
      this.profiles.watch(observation);
    } else if (observation.kind === 'use') {
      this.ledger.use(observation);
      this.masquerade.observe(observation);
      this.paths.observe(observation);
      this.learned.observe(observation);
      this.#noteSecretRead(observation);
      this.#noteController(observation);
    } else if (observation.kind === 'issue') {
      this.#noteIssue(observation);
    }
  }

  /** An observation that others may rest on later, by its id. */
  recall(id: string): Witnessed | undefined {
    return this.#notable.peek(id) ?? this.#recent.findLast((observation) => observation.id === id);
  }

  /** Uses of a credential in the last minutes, oldest first. */
  recentUses(credential: string): TokenUse[] {
    return this.#recent.filter((o): o is TokenUse => o.kind === 'use' && o.credential.id === credential);
  }

  /**
   * Requests by which another account may have got this legacy token in the day before `time`, oldest first: its Secret by
   * name, or a list of the namespace's Secrets by somebody who doesn't list or watch Secrets time and again.
   */
  secretReads(credential: string, principal: string, time: Micros): SecretRead[] {
    const slash = credential.indexOf('/');
    if (!credential.startsWith('secret:') || slash < 0) return [];
    const namespace = credential.slice('secret:'.length, slash);
    const reads: SecretRead[] = [];
    for (const read of this.#secretReads.values()) {
      if (read.principal === principal || read.time > time || read.time < time - DAY) continue;
      const named = read.name !== undefined && legacyCredentialId(read.namespace, read.name) === credential;
      const listed =
        read.name === undefined &&
        (read.namespace === namespace || read.namespace === '') &&
        !isHabit(this.#secretLists.peek(`${read.principal} ${read.namespace}`)) &&
        !this.#secretWatchers.peek(read.principal);
      if (named || listed) reads.push(read);
    }
    return reads.sort((a, b) => a.time - b.time);
  }

  /** The lists of Secrets by the same credential shortly before: what led to a read. */
  secretListsBefore(use: TokenUse): SecretRead[] {
    return [...this.#secretReads.values()].filter(
      (read) =>
        read.credential === use.credential.id &&
        read.name === undefined &&
        read.time <= use.time &&
        read.time >= use.time - 10 * MINUTE,
    );
  }

  /** Takes note of what was judged: where thieves come from, and what accounts do at home. */
  judged(use: TokenUse, placement: Placement): void {
    const { verdict } = placement;
    if (verdict !== 'away') this.clients.observe(use);
    const address = use.source.address;
    if (placement.verdict === 'away' && address !== null) {
      const { id: observation, time } = use;
      this.ledger.markAway(use.credential.id, address, { observation, time, where: placement.where });
      const source = this.#away.touch(address, () => ({ first: use.time, last: use.time, principals: new Set() }));
      source.first = Math.min(source.first, use.time);
      source.last = Math.max(source.last, use.time);
      if (source.principals.size < 64) source.principals.add(use.principal);
    }
    // Only what rules ask for: what an account is refused time and again, and as whom it acts.
    const { impersonated } = use;
    if (verdict === 'home' && (use.request.code === 403 || impersonated !== undefined)) {
      const habits = this.#habits.touch(use.principal, () => ({ first: use.time, deeds: new Map() }));
      habits.first = Math.min(habits.first, use.time);
      if (use.request.code === 403) noteDeed(habits, deedOf(use), use.time);
      if (impersonated !== undefined) noteDeed(habits, impersonationDeed(impersonated), use.time);
    }
  }

  /** Whether the account did such a thing from home before. */
  hasHabit(principal: string, deed: string, before: Micros): boolean {
    const since = this.#habits.peek(principal)?.deeds.get(deed);
    return since !== undefined && since < before;
  }

  /**
   * Whether this looks like the control plane's own machine: the controller manager had tokens issued from there, or most
   * of its controllers work from there. Anybody may have two tokens made for accounts of kube-system: once it is seen whom
   * the controller manager has tokens issued for, only those count.
   */
  isControlPlane(address: string): boolean {
    if (this.ledger.issuedFrom(CONTROLLER_MANAGER, address)) return true;
    const controllers = this.ledger.hasIssued(CONTROLLER_MANAGER) ? this.#ownControllers : this.#controllers;
    const here = controllers.peek(address)?.size ?? 0;
    if (here < CONTROLLERS) return false;
    for (const { size } of controllers.values()) if (size > here * 2) return false;
    return true;
  }

  /** Whether this is one of the control plane's own controllers, at the control plane. */
  isController({ principal, source, binding }: TokenUse, entry: LedgerEntry | undefined): boolean {
    if (binding.pod || parsePrincipal(principal)?.namespace !== 'kube-system' || source.address === null) return false;
    return entry?.issued?.by === CONTROLLER_MANAGER || (!entry?.issued && this.isControlPlane(source.address));
  }

  /** An address that stolen credentials were used from in the last hour. */
  awaySource(address: string, time: Micros): AwaySource | undefined {
    const source = this.#away.peek(address);
    return source && Math.abs(time - source.last) <= HOUR ? source : undefined;
  }

  /** Of each different thing that this credential was refused in the last minute one use, this one included, by id. */
  refusals(use: TokenUse): string[] {
    const list = this.#refusals.touch(use.credential.id, () => []);
    list.push({ observation: use.id, time: use.time, what: deedOf(use) });
    while (list.length > 64 || (list[0] !== undefined && list[0].time < use.time - MINUTE)) list.shift();
    return [...new Map(list.map(({ what, observation }) => [what, observation])).values()];
  }

  /** A suspicious read is referred back to for long. False when it was known. */
  suspect(read: TokenRead, reader: string, isDoubtful: boolean): boolean {
    const { credential, id, time, opener } = read;
    if (!credential) return false;
    this.#notable.set(id, read);
    return this.suspects.add(credential.id, { observation: id, time, relation: opener?.relation, reader, isDoubtful });
  }

  #remember(observation: Witnessed): void {
    if (isNotable(observation)) this.#notable.set(observation.id, observation);
    this.#recent.push(observation);
    if (this.#recent.length < RECENT_MAX * 2) return;
    const horizon = observation.seen - RECENT_FOR;
    this.#recent = this.#recent.slice(-RECENT_MAX).filter(({ seen }) => seen >= horizon);
  }

  #noteIssue(issue: TokenIssue): void {
    const node = nodeOfKubelet(issue.actor.username);
    this.ledger.issue(issue, node !== undefined);
    if (node === undefined || issue.source.address === null) return;
    this.learned.noteKubelet(node, issue.source.address);
    this.paths.observeKubelet(node, issue);
  }

  #noteController({ principal, credential, binding, source }: TokenUse): void {
    if (source.address === null || credential.kind !== 'minted' || binding.node) return;
    if (parsePrincipal(principal)?.namespace !== 'kube-system') return;
    const issuer = this.ledger.get(credential.id)?.issued?.by;
    if (issuer !== undefined && issuer !== CONTROLLER_MANAGER) return;
    for (const map of issuer === undefined ? [this.#controllers] : [this.#controllers, this.#ownControllers]) {
      const controllers = map.touch(source.address, () => new Set());
      if (controllers.size < MAX_DEEDS) controllers.add(principal);
    }
  }

  #noteSecretRead(use: TokenUse): void {
    const { resource, apiGroup, verb, subresource, code, namespace = '', name, uri } = use.request;
    if (resource !== 'secrets' || apiGroup || subresource || code !== 200) return;
    if (this.isController(use, this.ledger.get(use.credential.id))) return;
    if (verb === 'watch') this.#secretWatchers.set(use.principal, true);
    if (verb !== 'get' && verb !== 'list') return;
    const { principal, time } = use;
    if (name === undefined) {
      if (picksOthers(uri)) return;
      // By account, since its tokens are replaced every hour.
      const lists = this.#secretLists.touch(`${principal} ${namespace}`, () => ({ first: time, last: time, times: 1 }));
      if (time - lists.last >= HABITUAL.apart) {
        lists.times += 1;
        lists.last = time;
      }
    }
    const credential = use.credential.id;
    const read = { observation: use.id, time, principal, credential, namespace, name };
    const key = `${credential} ${namespace} ${name ?? ''}`;
    const known = this.#secretReads.touch(key, () => read);
    if (time - known.time > DAY) this.#secretReads.set(key, read);
  }
}

/** Reads are many: those that are suspicious are kept by `suspect`. */
function isNotable(observation: Witnessed): boolean {
  if (observation.kind === 'use') return observation.request.resource === 'secrets';
  return observation.kind !== 'read' && observation.kind !== 'file';
}

const isHabit = (lists: Lists | undefined): boolean =>
  lists !== undefined && lists.times >= HABITUAL.times && lists.last - lists.first >= HABITUAL.span;

/** Whether a list asks only for Secrets of a label or a type that tokens don't have (as Helm does). */
function picksOthers(uri: string): boolean {
  const query = new URLSearchParams(uri.slice(uri.indexOf('?') + 1));
  const type = /(?:^|,)type==?([^=,]+)/.exec(query.get('fieldSelector') ?? '')?.[1];
  if (type !== undefined && type !== 'kubernetes.io/service-account-token') return true;
  return /[^!=]==?[^=]/.test(query.get('labelSelector') ?? '');
}

/** The deed of acting as somebody else, among an account's habits. */
export const impersonationDeed = (user: string): string => `impersonate ${user}`;

function noteDeed(habits: Habits, deed: string, time: Micros): void {
  if (!habits.deeds.has(deed) && habits.deeds.size < MAX_DEEDS) habits.deeds.set(deed, time);
}
