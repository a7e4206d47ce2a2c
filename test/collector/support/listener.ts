/** One who listens to server-sent events, over real HTTP. */
import http from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { vi } from 'vitest';

export interface Listener {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** So far. */
  events: EventSourceMessage[];
  comments: number;
  /** What a client would come back with. */
  lastId: string | undefined;
  /** What was answered instead of events. */
  body(): Promise<string>;
  /** Takes nothing more from the connection; and again. */
  pause(): void;
  resume(): void;
  /** Resolves once there are so many events of that name. */
  has(event: string, count: number): Promise<void>;
  /** Resolves once the connection is over, by whomever: whether it was ended in an orderly way. */
  ended: Promise<boolean>;
  close(): Promise<void>;
}

export function listen(url: string, headers: Record<string, string> = {}): Promise<Listener> {
  return new Promise((resolve, reject) => {
    // Of its own: one that is given up must not be used again.
    const request = http.get(url, { headers, agent: false }, (response) => {
      let text = '';
      const parser = createParser({
        onEvent: (event) => {
          listener.events.push(event);
          listener.lastId = event.id ?? listener.lastId;
        },
        onComment: () => {
          listener.comments += 1;
        },
      });
      const isStream = response.headers['content-type']?.startsWith('text/event-stream');
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (isStream) parser.feed(chunk);
        else text += chunk;
      });
      response.on('error', () => undefined);
      const ended = new Promise<boolean>((over) => response.once('close', () => over(response.complete)));
      const listener: Listener = {
        status: response.statusCode ?? 0,
        headers: response.headers,
        events: [],
        comments: 0,
        lastId: undefined,
        body: async () => {
          await ended;
          return text;
        },
        pause: () => response.pause(),
        resume: () => response.resume(),
        has: (name, count) =>
          vi.waitFor(
            () => {
              const found = listener.events.filter(({ event }) => event === name).length;
              if (found < count) throw new Error(`${found} of ${count} ${name} events came`);
            },
            { timeout: 20_000, interval: 10 },
          ),
        ended,
        close: async () => {
          request.destroy();
          await ended;
        },
      };
      resolve(listener);
    });
    request.on('error', reject);
  });
}
