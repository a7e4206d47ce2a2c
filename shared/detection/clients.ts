/**
 * By what client each account usually asks, and for what: the family of its User-Agent and the kinds of its requests. All of
 * it is the client's own word; it tells only those who don't take the trouble.
 */
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { TokenUse } from '../schema/observation.ts';
import { MINUTE, type Micros, SECOND } from '../time.ts';
import { deedOf } from './deeds.ts';

interface Client {
  first: Micros;
  uses: number;
  /** When each was first seen. */
  families: Map<string, Micros>;
  deeds: Map<string, Micros>;
}

/** What is new in a use: the client, or only what it does. */
export type Unfamiliar = 'client' | 'deed';

const MAX_ACCOUNTS = 20_000;
const MAX_FAMILIES = 32;
const MAX_DEEDS = 128;
/** An account's clients are known after so many uses over so long; what it does only after many more. */
const CLIENTS_KNOWN = { uses: 5, span: 10 * SECOND };
const DEEDS_KNOWN = { uses: 50, span: 10 * MINUTE };

export class Clients {
  readonly #accounts = new BoundedMap<string, Client>(MAX_ACCOUNTS);

  observe(use: TokenUse): void {
    const { principal, time } = use;
    const client = this.#accounts.touch(principal, () => ({
      first: time,
      uses: 0,
      families: new Map(),
      deeds: new Map(),
    }));
    client.first = Math.min(client.first, time);
    client.uses += 1;
    note(client.families, familyOf(use.request.userAgent), time, MAX_FAMILIES);
    note(client.deeds, deedOf(use), time, MAX_DEEDS);
  }

  /** What this use has that the account had not shown before `since`; undefined: nothing, or too little is known of it. */
  unfamiliar(use: TokenUse, since: Micros): Unfamiliar | undefined {
    const client = this.#accounts.peek(use.principal);
    if (!client) return undefined;
    const isKnown = ({ uses, span }: { uses: number; span: Micros }): boolean =>
      client.uses >= uses && since - client.first >= span;
    const { userAgent } = use.request;
    if (isKnown(CLIENTS_KNOWN) && isNew(client.families, familyOf(userAgent), since, MAX_FAMILIES)) return 'client';
    return isKnown(DEEDS_KNOWN) && isNew(client.deeds, deedOf(use), since, MAX_DEEDS) ? 'deed' : undefined;
  }
}

/** `curl/8.5.0` and `curl/7` are one client. */
const familyOf = (userAgent: string): string => (/^[^/\s]*/.exec(userAgent)?.[0] ?? '').slice(0, 64).toLowerCase();

function note(seen: Map<string, Micros>, what: string, time: Micros, max: number): void {
  const first = seen.get(what);
  if (first === undefined ? seen.size < max : time < first) seen.set(what, time);
}

/** Who does so many different things does anything. */
const isNew = (seen: ReadonlyMap<string, Micros>, what: string, since: Micros, max: number): boolean =>
  seen.size < max && (seen.get(what) ?? Number.POSITIVE_INFINITY) >= since;
