/** GET /api/v1/live: alerts as they change, and uses as they come, as server-sent events. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { LiveQuery, withoutUses } from '../query/parameters.ts';
import type { Documentation, RegisterRoutes } from '../server/endpoint.ts';
import { readQuery } from '../server/input.ts';
import { Problem } from '../server/problem.ts';
import { readEventId } from './events.ts';
import type { Live } from './live.ts';

export interface LiveRouteOptions {
  live: Live;
  /** Whether whoever made the request may still have what it asked for; asked each minute. */
  stillGood?: (request: FastifyRequest) => boolean;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy had better not wait for more of it.
  'x-accel-buffering': 'no',
};

const DOCUMENTATION: Documentation = {
  tag: 'Live',
  summary: 'Listen to alerts as they change',
  description: [
    'Server-sent events. `alert`: an alert was opened or changed; its data is its summary as it is now, its id the number of the change.',
    'With the header Last-Event-ID (or the parameter lastEventId) it goes on behind that change: every alert that changed since comes, once, as it is now.',
    '`ready`: from which change on it tells. `reset`: the id is of another store, so what is known should be read anew.',
    'With uses=true also `use`: a use of a token that was stored from now on, with its placement, at most 50 a second; `left-out`: how many were not told.',
    'A comment comes every 15 seconds. Whoever takes nothing for that long, while more than 256 KB wait, is cut off, and can resume. At most 10 a caller and 200 in all.',
  ].join(' '),
  query: LiveQuery,
  answer: { mediaTypes: ['text/event-stream'], description: 'Events, for as long as the connection is held.' },
};

export function liveRoute({ live, stillGood = () => true }: LiveRouteOptions): RegisterRoutes {
  return (server) =>
    // A HEAD would never end.
    server.get(
      '/api/v1/live',
      { config: { documentation: DOCUMENTATION }, exposeHeadRoute: false },
      async (request, reply) => {
        const { lastEventId, uses, principal, placement } = readQuery(LiveQuery, request.query, withoutUses);
        const after = readHeader(request.headers['last-event-id']) ?? lastEventId;
        const response = reply.raw;
        const caller = request.caller?.id ?? 'anybody';
        live.reserve(caller, response);
        const newest = await live.lastChange();
        reply.hijack();
        // It went while that was looked up, or everything is about to end.
        if (response.destroyed || response.writableEnded) return reply;
        response.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), ...HEADERS });
        const wanted = uses === 'true' ? { principal, placement } : undefined;
        live.subscribe({ response, after, uses: wanted, stillGood: () => stillGood(request) }, newest);
        return reply;
      },
    );
}

/** What the browser sends by itself when it comes back is newer than what its URL says. */
function readHeader(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const id = typeof header === 'string' ? readEventId(header) : undefined;
  if (id !== undefined) return id;
  const problem = 'must be the id of an event, as it was received';
  const name = 'Last-Event-ID';
  throw new Problem({ status: 400, detail: `${name} ${problem}`, parameters: [{ name, problem }] });
}
