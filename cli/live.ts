/** What a collector tells as it happens (server-sent events), for as long as somebody listens: broken off, it is resumed. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Response } from 'undici';
import { Backoff, type Pause, pause } from '../shared/component/backoff.ts';
import { TruantError } from '../shared/errors.ts';
import { whyItFailed } from '../shared/http/http-client.ts';
import type { Api, Query } from './api.ts';

export interface LiveEvent {
  event: string;
  /** JSON, as it was sent. */
  data: string;
}

export interface LiveOptions {
  query: Query;
  /** Ends it. */
  signal: AbortSignal;
  /** Told when the connection is lost, and why; and when it is there again. */
  onTrouble(message: string): void;
  pause?: Pause;
  /** Without a word for so long (the collector sends one every 15 s), nobody is there any more. */
  silenceMs?: number;
}

const SILENCE_MS = 60_000;
/** Of one event. */
const MAX_CHARS = 1024 * 1024;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** @throws TruantError when the first connection fails, or the collector refuses */
export async function* follow(api: Api, options: LiveOptions): AsyncGenerator<LiveEvent> {
  const { query, signal, onTrouble } = options;
  let lastId: string | undefined;
  let backoff: Backoff | undefined;
  let isLost = false;
  while (!signal.aborted) {
    const silence = new Silence(options.silenceMs ?? SILENCE_MS);
    try {
      const response = await api.stream('api/v1/live', {
        query,
        mediaType: 'text/event-stream',
        headers: lastId === undefined ? {} : { 'last-event-id': lastId },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (isLost) onTrouble('connected again');
      isLost = false;
      backoff ??= new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
      for await (const { id, event = 'message', data } of eventsOf(response, silence)) {
        backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        // What was seen of another store is no position in this one.
        if (id !== undefined || event === 'reset') lastId = id;
        yield { event, data };
      }
      throw new TruantError('COLLECTOR_UNREACHABLE', 'the collector ended the stream');
    } catch (error) {
      if (signal.aborted) return;
      const trouble = troubleOf(error, silence);
      if (!backoff || !trouble.retriable) throw trouble;
      if (!isLost) onTrouble(`${trouble.message}; trying again until it is there`);
      isLost = true;
    } finally {
      silence.end();
    }
    await (options.pause ?? pause)(backoff.nextMs(), signal);
  }
}

function troubleOf(error: unknown, { signal }: Silence): TruantError {
  if (error instanceof TruantError) return error;
  const why = signal.aborted ? 'nothing was heard any more' : whyItFailed(error);
  return new TruantError('COLLECTOR_UNREACHABLE', `the connection is lost: ${why}`, { cause: error });
}

function eventsOf({ body }: Response, silence: Silence) {
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      silence.isBroken();
      controller.enqueue(chunk);
    },
  });
  return (body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() }))
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_CHARS }));
}

/** Aborts when nobody breaks it for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  isBroken(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
