/**
 * Serves the page: what Vite has built, from the folder `dist/page`. Nothing in it is secret, so it is open to everybody;
 * whatever it shows it has to ask for. Its policy lets it run and load what comes from here and nothing else.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../server/problem.ts';

export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Addresses of views: the page itself knows what to show at them. */
const VIEWS = [
  '/',
  '/alerts/:cluster/:id',
  '/history',
  '/credentials/:id',
  '/fleet',
  '/outputs',
  '/rules',
  '/rules/:id',
  '/exceptions',
  '/reference',
];
const FOREVER_MS = 365 * 24 * 3600 * 1000;

/** Compiled, this file is in `dist/collector/web`. */
const PLACES = ['../../page/', '../../dist/page/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** @param folder with `index.html` and `assets/` */
export function pageRoutes(folder = PLACES.find((place) => existsSync(place))): (server: FastifyInstance) => void {
  const index = folder === undefined ? undefined : readFileSync(`${folder}/index.html`);
  return (server) => {
    for (const url of VIEWS) {
      server.get(url, { config: { access: 'open' } }, async (_request, reply) => {
        if (!index) throw new Problem({ status: 404, detail: 'The page has not been built: npm run build.' });
        reply.header('content-security-policy', PAGE_POLICY).header('cache-control', 'no-cache');
        return reply.type('text/html; charset=utf-8').send(index);
      });
    }
    if (folder === undefined) return;
    void server.register(fastifyStatic, {
      root: `${folder}/assets`,
      serve: false,
      preCompressed: true,
      // Their names change with their content.
      immutable: true,
      maxAge: FOREVER_MS,
    });
    server.get<{ Params: { name: string } }>('/assets/:name', { config: { access: 'open' } }, (request, reply) =>
      reply.header('vary', 'accept-encoding').sendFile(request.params.name),
    );
  };
}
