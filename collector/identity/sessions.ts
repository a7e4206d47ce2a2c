/**
 * Who has logged in, until they log out, ask for nothing for a while, or it has been long. Kept in memory: a restart ends
 * them all. A session is known by the hash of its id, and holds nothing that it was begun with.
 */
import { createHash, randomBytes } from 'node:crypto';
import { BoundedMap } from '../../shared/inventory/bounded-map.ts';
import type { ComponentMetrics } from '../../shared/telemetry/metrics.ts';
import type { Clock, Micros } from '../../shared/time.ts';
import type { Person } from './caller.ts';

export interface Session {
  readonly caller: Person;
  /** Has to come with whatever changes something. */
  readonly csrf: string;
  readonly by: 'token' | 'issuer';
  /** However much is asked. */
  readonly expiresAt: Micros;
}

export const SESSION_ENDS = ['logged-out', 'over', 'pushed-out'] as const;

export interface SessionsOptions {
  /** Without asking for anything. */
  idle: Micros;
  /** In all. */
  total: Micros;
  clock: Clock;
  /** `received`: begun; `dropped`: ended. */
  metrics: ComponentMetrics<(typeof SESSION_ENDS)[number]>;
  /** At a time; the one that has been silent longest makes room. */
  max?: number;
  /** Of one caller, so that nobody can push out all others. */
  maxEach?: number;
}

interface Kept extends Session {
  key: string;
  askedAt: Micros;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #maxEach: number;
  readonly #kept: BoundedMap<string, Kept>;
  #pushedOut = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#maxEach = options.maxEach ?? 50;
    this.#kept = new BoundedMap(options.max ?? 10_000);
  }

  /** @returns its id, which nobody but the browser is to have */
  begin(caller: Person, by: Session['by']): { id: string; session: Session } {
    const { clock, total, metrics } = this.#options;
    this.#makeRoom(caller);
    const id = randomBytes(32).toString('base64url');
    const now = clock.now();
    const key = keyOf(id);
    const csrf = randomBytes(32).toString('base64url');
    const session: Kept = { caller, csrf, by, expiresAt: now + total, key, askedAt: now };
    this.#kept.set(key, session);
    metrics.received();
    metrics.dropped('pushed-out', this.#kept.evicted - this.#pushedOut);
    this.#pushedOut = this.#kept.evicted;
    return { id, session };
  }

  /** The session of a request: it has asked for something. */
  find(id: string): Session | undefined {
    const session = this.#kept.peek(keyOf(id));
    if (!session) return undefined;
    if (this.#isOver(session)) {
      this.#drop(session, 'over');
      return undefined;
    }
    session.askedAt = this.#options.clock.now();
    this.#kept.set(session.key, session);
    return session;
  }

  /** Whether it goes on, without its having asked for anything: for answers that go on and on. */
  stillGood(session: Session): boolean {
    const kept = this.#keptAs(session);
    return kept !== undefined && !this.#isOver(kept);
  }

  end(session: Session): void {
    const kept = this.#keptAs(session);
    if (kept) this.#drop(kept, 'logged-out');
  }

  #keptAs(session: Session): Kept | undefined {
    const { key } = session as Kept;
    return this.#kept.peek(key) === session ? (session as Kept) : undefined;
  }

  #isOver({ expiresAt, askedAt }: Kept): boolean {
    const now = this.#options.clock.now();
    return now >= expiresAt || now - askedAt >= this.#options.idle;
  }

  #makeRoom({ id }: Person): void {
    const own: Kept[] = [];
    for (const session of Array.from(this.#kept.values())) {
      if (this.#isOver(session)) this.#drop(session, 'over');
      else if (session.caller.id === id) own.push(session);
    }
    const tooMany = own.length - this.#maxEach + 1;
    if (tooMany <= 0) return;
    const silentFirst = own.toSorted((a, b) => a.askedAt - b.askedAt);
    for (const session of silentFirst.slice(0, tooMany)) this.#drop(session, 'pushed-out');
  }

  #drop(session: Kept, why: (typeof SESSION_ENDS)[number]): void {
    this.#kept.delete(session.key);
    this.#options.metrics.dropped(why);
  }
}

const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64');
