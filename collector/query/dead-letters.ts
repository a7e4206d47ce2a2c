/** Samples of what was set aside, for whoever looks after the collector: they show what strangers and broken agents send. */
import type { DeadLetterFile } from '../../shared/telemetry/dead-letter-file.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import { DeadLettersQuery } from './parameters.ts';
import { DeadLettersAnswer } from './schemas/status.ts';

/** @param samples undefined: none are kept */
export function deadLettersRoute(samples: DeadLetterFile<string> | undefined): RegisterRoutes {
  return endpoint({
    method: 'GET',
    url: '/api/v1/dead-letters',
    access: 'admin',
    tag: 'Operations',
    summary: 'List samples of what was set aside',
    description: 'Records that could not be read or were refused: when, why, and how each begins. Newest first.',
    query: DeadLettersQuery,
    answer: { schema: DeadLettersAnswer },
    handle: async ({ query: { limit } }) => ({ items: (await samples?.newest(limit)) ?? [], next: null }),
  });
}
