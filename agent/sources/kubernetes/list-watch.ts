/**
 * Keeps one kind of object in view: lists it page by page, watches from there on, resumes where it left off, and lists
 * anew when the API server no longer knows that place (410).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiServer, RefusedError } from '../../../shared/kubernetes/api-server.ts';
import type { Micros } from '../../../shared/time.ts';

export interface ListWatchOptions {
  api: Pick<ApiServer, 'get' | 'stream'>;
  path: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Now, never the same twice: what happens one after the other must not seem to happen at once. */
  now: () => Micros;
  timing: ListWatchTiming;
  handler: ListWatchHandler;
}

export interface ListWatchTiming {
  pageSize: number;
  /** How long a watch lasts before it is opened anew, in seconds; drawn from here to twice as much. */
  watchSeconds: number;
  /** Silence after which a watch that has sent bookmarks (about one a minute) is dead. */
  bookmarkPatienceMs: number;
  retryMs: { first: number; most: number };
  /** Events within this time after a watch was opened anew may have happened while there was none. */
  catchUpMs: number;
}

/** `since`: what is told may have been so since then already, when the last watch ended. */
export interface ListWatchHandler {
  onPage(items: unknown[], since: Micros | undefined): void;
  /** All pages of a list have been handed on: whatever was not in them is gone. */
  onListed(): void;
  onEvent(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown, since: Micros | undefined): void;
  onConnected(): void;
  /** Told of every failed try; `error` is undefined when the API server ended the watch as it should. */
  onDisconnected(error: unknown): void;
}

export const DEFAULT_TIMING: ListWatchTiming = {
  pageSize: 500,
  watchSeconds: 240,
  bookmarkPatienceMs: 150_000,
  retryMs: { first: 500, most: 30_000 },
  catchUpMs: 2000,
};

const ListAnswer = z.object({
  metadata: z.object({ resourceVersion: z.string().optional(), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullish(),
});
const WatchLine = z.object({ type: z.string(), object: z.unknown().optional() });
const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const Status = z.object({ code: z.number(), message: z.string().optional() });

const GONE = 410;

export class ListWatch {
  readonly #options: ListWatchOptions;
  /** Where to go on from. Undefined: nowhere yet, or the API server has forgotten. */
  #version: string | undefined;
  /** Until when what is known was whole, while there is no watch. Undefined: nothing was known yet. */
  #wholeUntil: Micros | undefined;
  /** Tries since anything came. */
  #tries = 0;

  constructor(options: ListWatchOptions) {
    this.#options = options;
  }

  /** Goes on until the signal. To be refused with one of `giveUpOn` ends it, for what can be done without. */
  async run(signal: AbortSignal, giveUpOn: readonly number[] = []): Promise<void> {
    const { handler } = this.#options;
    while (!signal.aborted) {
      this.#tries += 1;
      try {
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
        if (!signal.aborted) handler.onDisconnected(undefined);
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof RefusedError ? error.status : undefined;
        if (status === GONE) this.#version = undefined;
        handler.onDisconnected(error);
        if (status !== undefined && giveUpOn.includes(status)) return;
      }
      await this.#pause(signal);
    }
  }

  /** @returns the version that the list is of */
  async #list(signal: AbortSignal): Promise<string> {
    const { api, path, labelSelector, fieldSelector, handler, timing, now } = this.#options;
    let next: string | undefined;
    for (;;) {
      const query = { limit: timing.pageSize, continue: next, labelSelector, fieldSelector };
      const { metadata, items } = ListAnswer.parse(await api.get(path, query, signal));
      signal.throwIfAborted();
      handler.onPage(items ?? [], this.#wholeUntil);
      next = metadata.continue;
      if (next !== undefined && next !== '') continue;
      handler.onListed();
      this.#wholeUntil = now();
      return metadata.resourceVersion ?? '';
    }
  }

  /** Resolves when the API server ends the watch, which it does from time to time. */
  async #watch(resourceVersion: string, stopped: AbortSignal): Promise<void> {
    const { api, path, labelSelector, fieldSelector, handler, timing, now } = this.#options;
    const timeoutSeconds = Math.ceil(timing.watchSeconds * (1 + Math.random()));
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector,
      fieldSelector,
    };
    const { signal, keepAlive, release } = deadline(stopped, timing.bookmarkPatienceMs);
    const missingSince = this.#wholeUntil;
    let openedAt: Micros | undefined;
    try {
      await api.stream(path, query, {
        signal,
        idleMs: timeoutSeconds * 1000 + timing.bookmarkPatienceMs,
        onOpen: () => {
          openedAt = now();
          handler.onConnected();
        },
        onLine: (line) => {
          const { type = '', object } = WatchLine.safeParse(line).data ?? {};
          if (type === 'ERROR') throw refusal(path, object);
          this.#version = Versioned.safeParse(object).data?.metadata.resourceVersion ?? this.#version;
          this.#tries = 0;
          keepAlive(type === 'BOOKMARK');
          if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return;
          const isCatchingUp = now() - (openedAt ?? 0) < timing.catchUpMs * 1000;
          handler.onEvent(type, object, isCatchingUp ? missingSince : undefined);
        },
      });
      if (openedAt !== undefined && now() - openedAt > timing.retryMs.most * 1000) this.#tries = 0;
    } finally {
      release();
      if (openedAt !== undefined) this.#wholeUntil = now();
    }
  }

  /** Nothing after a watch that told something; longer and longer after tries that didn't. */
  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#tries === 0) return;
    const { first, most } = this.#options.timing.retryMs;
    const longest = Math.min(most, first * 2 ** Math.min(this.#tries - 1, 20));
    await delay(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}

function refusal(path: string, object: unknown): RefusedError {
  const { code = 500, message = 'an error without a code' } = Status.safeParse(object).data ?? {};
  return new RefusedError(code, `${path}: the watch ended with ${code}: ${message}`);
}

/**
 * A signal that also fires when a server that sends bookmarks has been silent for too long. One that never sent any may
 * be silent because nothing happens.
 */
function deadline(stopped: AbortSignal, patienceMs: number) {
  const controller = new AbortController();
  const stop = () => controller.abort(stopped.reason);
  let silence: NodeJS.Timeout | undefined;
  stopped.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    keepAlive: (isBookmark: boolean) => {
      if (isBookmark) silence ??= setTimeout(() => controller.abort(new Error('the watch fell silent')), patienceMs);
      silence?.refresh();
    },
    release: () => {
      clearTimeout(silence);
      stopped.removeEventListener('abort', stop);
    },
  };
}
