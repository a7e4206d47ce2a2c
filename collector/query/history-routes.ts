/** The history in sums, one observation of it, a credential's life, and all of it for other tools. */
import type { FastifyInstance } from 'fastify';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { Store } from '../store/store.ts';
import { only } from './answers.ts';
import { exportRoute } from './export/export-route.ts';
import { contradictionsIn, GroupsQuery, HistogramQuery, ObservationQuery, OneQuery } from './parameters.ts';
import { GroupsAnswer, HistogramAnswer, ObservationAnswer, TimelineAnswer } from './schemas/history.ts';

const ID = /^[0-9a-f]{32}$/;

export function historyRoutes(store: Store): (server: FastifyInstance) => void {
  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/history/histogram',
      tag: 'History',
      summary: 'How much happened to tokens when',
      description:
        'Uses are counted by their verdict, all else by its kind, over the time asked about or over what matches.',
      query: HistogramQuery,
      contradictions: contradictionsIn,
      answer: { schema: HistogramAnswer },
      handle: async ({ query: { buckets, ...filter } }) => store.histogram(filter, buckets),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/history/groups',
      tag: 'History',
      summary: 'How much of each there is, since when and until when',
      description:
        'With newSince only what was never seen before that time, in all that is kept and the other filters leave.',
      query: GroupsQuery,
      contradictions: contradictionsIn,
      answer: { schema: GroupsAnswer },
      handle: async ({ query: { by, order, limit, newSince, ...filter } }) => ({
        by,
        ...(await store.groups(filter, { by, order, limit, newSince })),
      }),
    }),
    exportRoute(store),
    endpoint({
      method: 'GET',
      url: '/api/v1/observations/:id',
      tag: 'History',
      summary: 'One observation as it was stored',
      description: 'Found much faster when its time is said, to an hour.',
      query: ObservationQuery,
      answer: { schema: ObservationAnswer },
      handle: async ({ params: { id = '' }, query: { cluster, time } }) =>
        only(ID.test(id) ? await store.observation(id, cluster, time) : [], 'There is no observation with that id.'),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/credentials/:id/timeline',
      tag: 'Credentials',
      summary: 'The life of one credential, in order of time',
      query: OneQuery,
      answer: { schema: TimelineAnswer },
      handle: async ({ params: { id = '' }, query: { cluster } }) =>
        only(await store.timeline(id, cluster), 'Nothing is known about a credential with that id.'),
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}
