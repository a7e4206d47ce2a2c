/** What is not to be told of again. */
import type { FastifyInstance } from 'fastify';
import { Exception } from '../../shared/schema/handling.ts';
import type { Clock } from '../../shared/time.ts';
import { MOST_EXCEPTIONS } from '../correlate/exceptions-in-force.ts';
import type { Handling } from '../correlate/handling.ts';
import { nameOf } from '../identity/caller.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { Store } from '../store/store.ts';
import { ExceptionsQuery, NoQuery } from './parameters.ts';
import { ExceptionBody, ExceptionsAnswer } from './schemas/alerts.ts';

/** All that can be in force: what keeps findings back must not be out of sight. */
const MOST = MOST_EXCEPTIONS;

export interface ExceptionsRoutesOptions {
  store: Store;
  handling: Handling;
  clock: Clock;
}

export function exceptionsRoutes({
  store,
  handling,
  clock,
}: ExceptionsRoutesOptions): (server: FastifyInstance) => void {
  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/exceptions',
      tag: 'Alerts',
      summary: 'List exceptions',
      description: `Newest first, at most ${MOST}, with how many findings each has kept back.`,
      query: ExceptionsQuery,
      answer: { schema: ExceptionsAnswer },
      handle: async ({ query: { cluster, state } }) => {
        const activeAt = state === 'active' ? clock.now() : undefined;
        return { items: await store.exceptions({ cluster, activeAt }, MOST) };
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/exceptions',
      access: 'act',
      // A reason may be long.
      bodyLimit: 64 * 1024,
      tag: 'Alerts',
      summary: 'Make an exception',
      description:
        'Findings of the rule about the account, from the source, are kept back from then on. Answers 409 when there is such an exception.',
      query: NoQuery,
      body: ExceptionBody,
      answer: { schema: Exception },
      handle: ({ body: { cluster = null, expiresAt = null, ...terms }, caller }) =>
        handling.except({ ...terms, cluster, expiresAt, alert: null }, nameOf(caller)),
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/exceptions/:id/revoke',
      access: 'act',
      tag: 'Alerts',
      summary: 'Revoke an exception',
      description: 'Answers 409 when it was revoked before.',
      query: NoQuery,
      answer: { schema: Exception },
      handle: ({ params: { id = '' }, caller }) => handling.revoke(id, nameOf(caller)),
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}
