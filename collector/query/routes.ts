/** Questions about alerts, uses, what else happened to tokens, and credentials. */
import type { FastifyInstance } from 'fastify';
import { TruantError } from '../../shared/errors.ts';
import { Alert } from '../../shared/schema/alert.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import { Problem } from '../server/problem.ts';
import type { Page, Store } from '../store/store.ts';
import { AlertsQuery, contradictionsIn, encodeCursor, HistoryQuery, OneQuery, UsesQuery } from './parameters.ts';
import { AlertsPage } from './schemas/alerts.ts';
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
      url: '/api/v1/alerts',
      tag: 'Alerts',
      summary: 'List alerts',
      query: AlertsQuery,
      contradictions: contradictionsIn,
      answer: { schema: AlertsPage },
      handle: async ({ query: { limit, cursor: after, ...filter } }) =>
        answer(await store.alerts(filter, { limit, after })),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/alerts/:id',
      tag: 'Alerts',
      summary: 'One alert, whole',
      query: OneQuery,
      answer: { schema: Alert },
      revalidated: true,
      handle: async ({ params: { id = '' }, query: { cluster } }) =>
        only(await store.alert(id, cluster), 'There is no alert with that id.'),
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

function answer<Item>({ items, next }: Page<Item>): { items: Item[]; next: string | null } {
  return { items, next: next && encodeCursor(next) };
}

/** The one that was meant; who means one of several has to say of which cluster. */
function only<Found extends { cluster: string }>(found: readonly Found[], none: string): Found {
  const [first, ...more] = found;
  if (!first) throw new TruantError('NOT_FOUND', none);
  if (more.length === 0) return first;
  const problem = `must be given, one of ${found.map(({ cluster }) => cluster).join(', ')}: several know that id`;
  throw new Problem({ status: 400, detail: `cluster ${problem}`, parameters: [{ name: 'cluster', problem }] });
}
