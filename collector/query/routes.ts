/** Questions about uses, what else happened to tokens, and credentials. */
import type { FastifyInstance } from 'fastify';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { Store } from '../store/store.ts';
import { answer, only } from './answers.ts';
import { contradictionsIn, HistoryQuery, OneQuery, UsesQuery } from './parameters.ts';
import { CredentialAnswer } from './schemas/credential.ts';
import { HistoryPage, UsesPage } from './schemas/history.ts';

export function queryRoutes(store: Store): (server: FastifyInstance) => void {
  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/uses',
      tag: 'History',
      summary: 'List uses of tokens',
      query: UsesQuery,
      contradictions: contradictionsIn,
      answer: { schema: UsesPage },
      handle: async ({ query: { limit, cursor: after, ...filter } }) =>
        answer(await store.uses(filter, { limit, after })),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/history',
      tag: 'History',
      summary: 'List what happened to tokens',
      description: 'Uses, reads, files, issues, refusals and entries into pods, newest first.',
      query: HistoryQuery,
      contradictions: contradictionsIn,
      answer: { schema: HistoryPage },
      handle: async ({ query: { limit, cursor: after, ...filter } }) =>
        answer(await store.history(filter, { limit, after })),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/credentials/:id',
      tag: 'Credentials',
      summary: 'Everything known about one credential',
      query: OneQuery,
      answer: { schema: CredentialAnswer },
      handle: async ({ params: { id = '' }, query: { cluster } }) =>
        only(await store.credential(id, cluster), 'Nothing is known about a credential with that id.'),
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}
