import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createCollector } from '../../collector/topology.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import type { Generated } from './generator.ts';

/** The description of the API, as a collector itself answers with it. */
export async function openApiDocument(): Promise<Generated> {
  const { components, address } = await createCollector(
    parseConfig({ collector: { listen: { port: 0 }, store: { path: ':memory:' } } }),
    { logger: pino({ level: 'silent' }), registry: new Registry() },
  );
  for (const component of components) await component.start();
  const response = await fetch(`${address()}/api/v1/openapi.json`);
  const document: unknown = await response.json();
  for (const component of components.toReversed()) await component.stop();
  return { path: 'docs/schema/openapi.json', content: `${JSON.stringify(document, null, 2)}\n` };
}
