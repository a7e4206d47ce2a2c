/** Questions about alerts, uses, what else happened to tokens, and credentials. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TruantError } from '../../shared/errors.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { Problem } from '../server/problem.ts';
import type { CredentialLife, Page, Store } from '../store/store.ts';
import { AlertsQuery, encodeCursor, HistoryQuery, OneQuery, readQuery, UsesQuery } from './parameters.ts';
import type { AlertsPage, HistoryPage, UsesPage } from './schemas.ts';

export function queryRoutes(store: Store): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/api/v1/uses', async (request): Promise<UsesPage> => {
      const { limit, cursor: after, ...filter } = readQuery(UsesQuery, request.query);
      return answer(await store.uses(filter, { limit, after }));
    });

    server.get('/api/v1/history', async (request): Promise<HistoryPage> => {
      const { limit, cursor: after, ...filter } = readQuery(HistoryQuery, request.query);
      return answer(await store.history(filter, { limit, after }));
    });

    server.get('/api/v1/alerts', async (request): Promise<AlertsPage> => {
      const { limit, cursor: after, ...filter } = readQuery(AlertsQuery, request.query);
      return answer(await store.alerts(filter, { limit, after }));
    });

    server.get('/api/v1/alerts/:id', async (request: FastifyRequest<ById>): Promise<Alert> => {
      const { cluster } = readQuery(OneQuery, request.query);
      return only(await store.alert(request.params.id, cluster), 'There is no alert with that id.');
    });

    server.get('/api/v1/credentials/:id', async (request: FastifyRequest<ById>): Promise<CredentialLife> => {
      const { cluster } = readQuery(OneQuery, request.query);
      return only(
        await store.credential(request.params.id, cluster),
        'Nothing is known about a credential with that id.',
      );
    });
  };
}

interface ById {
  Params: { id: string };
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
