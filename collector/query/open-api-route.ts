/** The API's own description, for whoever writes against it, and for the page. */
import { z } from 'zod';
import { VERSION } from '../../shared/version.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { Route } from '../server/server.ts';
import { openApi } from './open-api.ts';
import { NoQuery } from './parameters.ts';

/** @param routes all that there are, once the server has started */
export function openApiRoute(routes: () => readonly Route[]): RegisterRoutes {
  let document: object | undefined;
  return endpoint({
    method: 'GET',
    url: '/api/v1/openapi.json',
    tag: 'Operations',
    summary: 'This description',
    description: 'OpenAPI 3.1.',
    query: NoQuery,
    answer: { schema: z.looseObject({ openapi: z.string() }) },
    revalidated: true,
    handle: async () => (document ??= openApi(documented(routes()), VERSION)) as { openapi: string },
  });
}

/** HEAD is GET without its body. */
const documented = (routes: readonly Route[]) =>
  routes.flatMap(({ documentation, ...route }) =>
    documentation && route.method !== 'HEAD' ? { ...route, documentation } : [],
  );
