/** Which of the watches that have to be there are there, and what to say when they aren't. */
import { RefusedError } from '../../../shared/kubernetes/api-server.ts';
import type { SourceStatus } from '../../../shared/schema/observation.ts';
import type { Clock, Micros } from '../../../shared/time.ts';

export interface KubernetesStatus extends Pick<SourceStatus, 'detail'> {
  status: 'ok' | 'blind';
  /** `inventory-lost`: no connection for a while; `inventory-forbidden`: the API server refuses us. */
  reason: 'inventory-watched' | 'inventory-lost' | 'inventory-forbidden';
}

export interface ConnectionsOptions {
  names: readonly string[];
  clock: Clock;
  /** Without a watch for this long, the source is blind. */
  blindAfterMs: number;
  onStatus: (status: KubernetesStatus) => void;
}

const MAX_DETAIL = 500;

export class Connections {
  /** Resolves once all were there at the same time. */
  readonly complete: Promise<void>;
  readonly #options: ConnectionsOptions;
  readonly #missing = new Map<string, { since: Micros; why: string }>();
  #timer: NodeJS.Timeout | undefined;
  #status: KubernetesStatus['status'] | undefined;
  #completed!: () => void;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.complete = new Promise((resolve) => {
      this.#completed = resolve;
    });
  }

  /** Why the source is blind, while it is. */
  get blindness(): string | undefined {
    return this.#status === 'blind' ? this.#detail() : undefined;
  }

  /** Nothing is connected yet; from now on it ought to be. */
  start(): void {
    for (const name of this.#options.names) this.disconnected(name, new Error('not connected yet'));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#missing.clear();
  }

  connected(name: string): void {
    this.#missing.delete(name);
    if (this.#missing.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#completed();
    this.#report({ status: 'ok', reason: 'inventory-watched', detail: 'pods and nodes are watched' });
  }

  disconnected(name: string, error: unknown): void {
    const { clock, blindAfterMs } = this.#options;
    const known = this.#missing.get(name);
    const why = error === undefined ? (known?.why ?? `${name}: the watch ended`) : `${name}: ${messageOf(error)}`;
    this.#missing.set(name, { since: known?.since ?? clock.now(), why: why.slice(0, MAX_DETAIL) });
    if (error instanceof RefusedError && (error.status === 401 || error.status === 403)) {
      this.#report({ status: 'blind', reason: 'inventory-forbidden', detail: this.#detail() });
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#report({ status: 'blind', reason: 'inventory-lost', detail: this.#detail() });
    }, blindAfterMs);
  }

  /**
   * Until when what has been told is all there is to tell: now, or when a watch went away. Who has waited until the
   * source is blind need not wait on.
   */
  freshUntil(now: Micros): Micros {
    if (this.#missing.size === 0 || this.#status === 'blind') return now;
    return Math.min(now, ...[...this.#missing.values()].map(({ since }) => since));
  }

  #detail(): string {
    return [...this.#missing.values()]
      .map(({ why }) => why)
      .join('; ')
      .slice(0, MAX_DETAIL);
  }

  #report(status: KubernetesStatus): void {
    if (this.#status === status.status) return;
    this.#status = status.status;
    this.#options.onStatus(status);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
