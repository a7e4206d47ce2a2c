/** Questions about alerts, and what is to be done about them. */
import type { FastifyInstance } from 'fastify';
import { TruantError } from '../../shared/errors.ts';
import { AlertAction } from '../../shared/schema/handling.ts';
import type { Handling } from '../correlate/handling.ts';
import { nameOf } from '../identity/caller.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import { type Store, summaryOf } from '../store/store.ts';
import { answer, only } from './answers.ts';
import { AlertsQuery, CountsQuery, contradictionsIn, contradictionsInAlerts, NoQuery, OneQuery } from './parameters.ts';
import { AlertAnswer, AlertsPage, BulkAnswer, BulkBody, CountsAnswer, RelatedAnswer } from './schemas/alerts.ts';

const MOST_ACTIVITY = 200;
const MOST_RELATED = 50;
/** A note, and the terms of as many exceptions as may be; or the names of as many alerts. */
const MAX_BODY_BYTES = 256 * 1024;

export function alertsRoutes(store: Store, handling: Handling): (server: FastifyInstance) => void {
  const named = async (id: string, cluster: string | undefined) =>
    only(await store.alert(id, cluster), 'There is no alert with that id.');

  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/alerts',
      tag: 'Alerts',
      summary: 'List alerts',
      query: AlertsQuery,
      contradictions: contradictionsInAlerts,
      answer: { schema: AlertsPage },
      handle: async ({ query: { limit, cursor: after, order, q: text, ...filter } }) =>
        answer(await store.alerts({ ...filter, text }, { limit, after }, order)),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/alerts/counts',
      tag: 'Alerts',
      summary: 'Count alerts',
      description: 'By severity, status, rule, cluster and account, of those that a list with the same filter has.',
      query: CountsQuery,
      contradictions: contradictionsIn,
      answer: { schema: CountsAnswer },
      handle: ({ query: { q: text, ...filter } }) => store.alertCounts({ ...filter, text }),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/alerts/:id',
      tag: 'Alerts',
      summary: 'One alert, whole',
      description: 'With what was done about it, newest first.',
      query: OneQuery,
      answer: { schema: AlertAnswer },
      revalidated: true,
      handle: async ({ params: { id = '' }, query }) => {
        const alert = await named(id, query.cluster);
        return { ...alert, activity: await store.activity(id, alert.cluster, MOST_ACTIVITY) };
      },
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/alerts/:id/related',
      tag: 'Alerts',
      summary: 'Alerts that have something in common with one',
      description:
        'Its principal, credential, node or a source address; in other clusters, an address on the internet.',
      query: OneQuery,
      answer: { schema: RelatedAnswer },
      handle: async ({ params: { id = '' }, query }) => {
        const { cluster } = await named(id, query.cluster);
        return { items: await store.relatedAlerts(id, cluster, MOST_RELATED) };
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/alerts/:id/actions',
      access: 'act',
      bodyLimit: MAX_BODY_BYTES,
      tag: 'Alerts',
      summary: 'Do something about an alert',
      description: 'Answers 409 when it is not in a state for that: who closes what is closed, say.',
      query: OneQuery,
      body: AlertAction,
      answer: { schema: AlertAnswer },
      handle: async ({ params: { id = '' }, query, body, caller }) => {
        const { cluster } = await named(id, query.cluster);
        const alert = await handling.act({ cluster, id }, body, nameOf(caller));
        return { ...alert, activity: await store.activity(id, cluster, MOST_ACTIVITY) };
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/alerts/actions',
      access: 'act',
      bodyLimit: MAX_BODY_BYTES,
      tag: 'Alerts',
      summary: 'Do the same about several alerts',
      description: 'Says of each what it is then, or why nothing was done.',
      query: NoQuery,
      body: BulkBody,
      answer: { schema: BulkAnswer },
      handle: async ({ body: { alerts, do: action }, caller }) => {
        const results = await handling.actOnAll(alerts, action, nameOf(caller));
        return {
          items: results.map(({ cluster, id, result }) => {
            if (!(result instanceof TruantError)) return { cluster, id, alert: summaryOf(result) };
            return { cluster, id, problem: [result.message, result.remedy].filter(Boolean).join(' ') };
          }),
        };
      },
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}
