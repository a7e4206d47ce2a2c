/**
 * The ledger: one entry a credential. What its own claims say, who had it issued and from where (joined by the issued
 * credential id), and from where it was used since. Bounded: the credentials untouched longest go first, counted.
 */
import type { Binding, Credential, TokenFile, TokenIssue, TokenUse } from '../schema/observation.ts';
import type { AwayWhere } from '../schema/placement.ts';
import { type Micros, SECOND } from '../time.ts';
import { BoundedMap } from './bounded-map.ts';

export interface SourceSeen {
  first: Micros;
  last: Micros;
  count: number;
  /** Uses from here were judged away: this address says nothing about the credential's home. */
  away: boolean;
}

/** A use that was judged away. */
export interface AwayUse {
  observation: string;
  time: Micros;
  where: AwayWhere;
}

export interface Issued {
  observation: string;
  time: Micros;
  by: string;
  byPrincipal: string | undefined;
  byCredential: string | undefined;
  byPod: string | undefined;
  address: string | null;
  expirationSeconds: number | undefined;
  boundTo: TokenIssue['boundTo'];
}

export interface LedgerEntry {
  id: string;
  kind: Credential['kind'];
  principal: string;
  binding: Binding;
  issued: Issued | undefined;
  /** Why whoever had it issued had no right to: every use of it is a theft, wherever it comes from. */
  tainted: string | undefined;
  firstUse: Micros | undefined;
  lastUse: Micros | undefined;
  uses: number;
  sources: Map<string, SourceSeen>;
  /** When its pod began to use a newer one from the kubelet; benign clients go on with the old one for long. */
  supersededAt: Micros | undefined;
  /** Known where its file was seen, or the audit log holds the TokenRequest's body. */
  expiresAt: Micros | undefined;
  /** The newest use that was judged away. */
  lastAway: AwayUse | undefined;
}

/** Pods have one address or two, so that of more nothing new is learned; legacy tokens are few, and used from many places. */
const MAX_SOURCES = 4;
const MAX_LEGACY_SOURCES = 32;
/** Of one who has credentials issued. */
const MAX_PLACES = 32;
const MAX_PODS = 20_000;
const MAX_ISSUERS = 5_000;
/** What the kubelet asks for by default; the API server then issues for a year, for clients that don't reload (KEP-1205). */
const EXTENDED_SECONDS = 3607;

/** As the API server has it: anything else is somebody's text. */
const isLifetime = (seconds: number | undefined): seconds is number =>
  seconds !== undefined && seconds > 0 && seconds <= 2 ** 32;

export class Ledger {
  readonly #entries: BoundedMap<string, LedgerEntry>;
  /** The newest credential from the kubelet that each pod used. */
  readonly #current = new BoundedMap<string, string>(MAX_PODS);
  /** The credential that was last seen in each token file. */
  readonly #inFile = new BoundedMap<string, string>(MAX_PODS);
  /** From where each user had credentials issued. */
  readonly #issuers = new BoundedMap<string, Set<string>>(MAX_ISSUERS);

  constructor(max = 200_000) {
    this.#entries = new BoundedMap(max);
  }

  get size(): number {
    return this.#entries.size;
  }

  get evicted(): number {
    return this.#entries.evicted;
  }

  get(id: string): LedgerEntry | undefined {
    return this.#entries.peek(id);
  }

  /** Enters a use. The entry's kind becomes `minted` when it is known that no kubelet had it issued. */
  use(use: TokenUse): LedgerEntry {
    const entry = this.#entry(use.credential.id, use.credential.kind, use.principal);
    if (use.binding.pod || use.binding.node) entry.binding = use.binding;
    entry.uses += 1;
    entry.firstUse = Math.min(entry.firstUse ?? use.time, use.time);
    entry.lastUse = Math.max(entry.lastUse ?? use.time, use.time);
    if (entry.uses === 1) this.#supersede(entry);
    if (use.source.address !== null) this.#source(entry, use.source.address, use.time);
    return entry;
  }

  /** Enters a successful TokenRequest under the id of the credential that it issued. */
  issue(issue: TokenIssue, byKubelet: boolean): LedgerEntry | undefined {
    if (issue.issued === undefined) return undefined;
    const entry = this.#entry(issue.issued, byKubelet ? 'projected' : 'minted', issue.principal);
    if (!byKubelet) entry.kind = 'minted';
    entry.issued = {
      observation: issue.id,
      time: issue.time,
      by: issue.actor.username,
      byPrincipal: issue.actor.principal,
      byCredential: issue.actor.credential?.id,
      byPod: issue.actor.binding.pod?.uid,
      address: issue.source.address,
      expirationSeconds: issue.expirationSeconds,
      boundTo: issue.boundTo,
    };
    const { address } = issue.source;
    if (address !== null) {
      const places = this.#issuers.touch(issue.actor.username, () => new Set());
      if (places.size < MAX_PLACES) places.add(address);
    }
    const { expirationSeconds } = issue;
    if (isLifetime(expirationSeconds) && expirationSeconds !== EXTENDED_SECONDS) {
      entry.expiresAt = issue.time + Math.round(expirationSeconds) * SECOND;
    }
    return entry;
  }

  /** Whether this user had any credential issued from that address. */
  issuedFrom(user: string, address: string): boolean {
    return this.#issuers.peek(user)?.has(address) ?? false;
  }

  /** Whether this user had any credential issued. */
  hasIssued(user: string): boolean {
    return this.#issuers.peek(user) !== undefined;
  }

  /** Enters what the claims of a token in a file say; of a file that has another now, the one before is superseded. */
  file({ credential, principal, binding, event, file, node, time, expiresAt }: TokenFile): void {
    if (!credential || principal === undefined) return;
    const place = `${node} ${file.pod.uid} ${file.volume} ${file.path.slice(file.path.lastIndexOf('/') + 1)}`;
    const entry = this.#entry(credential.id, credential.kind, principal);
    // Whoever makes a Secret can write any claims: what the log says goes first.
    if (!entry.binding.pod && !entry.binding.node) entry.binding = binding;
    entry.expiresAt ??= expiresAt;
    if (event === 'gone') return;
    const before = this.#entries.peek(this.#inFile.peek(place) ?? '');
    if (before && before !== entry) before.supersededAt ??= time;
    this.#inFile.set(place, entry.id);
  }

  markAway(id: string, address: string, use: AwayUse): void {
    const entry = this.#entries.peek(id);
    const seen = entry?.sources.get(address);
    if (seen) seen.away = true;
    if (entry && use.time >= (entry.lastAway?.time ?? 0)) entry.lastAway = use;
  }

  #supersede(entry: LedgerEntry): void {
    const { pod } = entry.binding;
    if (!pod || !entry.issued || entry.kind !== 'projected' || entry.tainted !== undefined) return;
    const before = this.#entries.peek(this.#current.peek(pod.uid) ?? '');
    if (before && before !== entry) before.supersededAt ??= entry.issued.time;
    this.#current.set(pod.uid, entry.id);
  }

  #entry(id: string, kind: Credential['kind'], principal: string): LedgerEntry {
    return this.#entries.touch(id, () => ({
      id,
      kind,
      principal,
      binding: {},
      issued: undefined,
      tainted: undefined,
      firstUse: undefined,
      lastUse: undefined,
      uses: 0,
      sources: new Map(),
      supersededAt: undefined,
      expiresAt: undefined,
      lastAway: undefined,
    }));
  }

  #source(entry: LedgerEntry, address: string, time: Micros): void {
    const seen = entry.sources.get(address);
    if (seen) {
      seen.first = Math.min(seen.first, time);
      seen.last = Math.max(seen.last, time);
      seen.count += 1;
      return;
    }
    if (entry.sources.size >= (entry.kind === 'legacy' ? MAX_LEGACY_SOURCES : MAX_SOURCES)) {
      let stalest: string | undefined;
      for (const [address, { last }] of entry.sources) {
        if (stalest === undefined || last < (entry.sources.get(stalest)?.last ?? 0)) stalest = address;
      }
      if (stalest !== undefined) entry.sources.delete(stalest);
    }
    entry.sources.set(address, { first: time, last: time, count: 1, away: false });
  }
}
