/** Samples of what was set aside, for whoever looks after the collector: they show what strangers and broken agents send. */
import type { FastifyInstance } from 'fastify';
import type { DeadLetter, DeadLetterFile } from '../../shared/telemetry/dead-letter-file.ts';
import { readQuery } from '../server/input.ts';
import { DeadLettersQuery } from './parameters.ts';

/** @param samples undefined: none are kept */
export function deadLettersRoute(samples: DeadLetterFile<string> | undefined): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/api/v1/dead-letters', { config: { access: 'admin' } }, async (request) => {
      const { limit } = readQuery(DeadLettersQuery, request.query);
      const items: DeadLetter[] = (await samples?.newest(limit)) ?? [];
      return { items, next: null };
    });
  };
}
