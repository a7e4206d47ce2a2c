/** POST /api/v1/batches: what agents send. Answered once it is stored. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { TruantError } from '../../../shared/errors.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Correlation } from '../../correlate/correlation.ts';
import { Problem } from '../../server/problem.ts';
import { decodeBatch, REJECTIONS } from '../decode.ts';

export interface BatchesOptions {
  take: Correlation['take'];
  /** To know the future by. */
  clock: Clock;
  registry: Registry;
  /** How many requests may be read or wait at a time; each may hold a whole body in memory. */
  maxInFlight?: number;
}

const MAX_BODY = 8 * 1024 * 1024;
const MAX_DECOMPRESSED = 32 * 1024 * 1024;
const decompress = promisify(gunzip);

export function batchesRoute(options: BatchesOptions): (server: FastifyInstance) => void {
  const { maxInFlight = 16 } = options;
  const metrics = componentMetrics(options.registry, 'receive-http', {
    errors: ['refused', 'overloaded', 'unavailable'],
    deadLetters: REJECTIONS,
  });
  let inFlight = 0;

  return (server) => {
    void server.register(async (scope) => {
      // Other content is refused with 415, so that no page's form can post here.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        'application/json',
        { parseAs: 'buffer', bodyLimit: MAX_BODY },
        (_request, body, done) => done(null, body),
      );

      // Counted before the body is read.
      scope.addHook('onRequest', async (_request, reply) => {
        if (inFlight >= maxInFlight) {
          throw new TruantError('OVERLOADED', 'Too many batches are on their way in already.');
        }
        inFlight += 1;
        reply.raw.once('close', () => {
          inFlight -= 1;
        });
      });
      scope.addHook('onError', async (_request, _reply, error) => metrics.error(errorType(error)));

      scope.post('/api/v1/batches', { config: { access: 'write' } }, async (request) => {
        const batch = decodeBatch(parse(await plainBody(request)), options.clock.now());
        const { findings, rejected, ...arrival } = batch;
        metrics.received(arrival.observations.length);
        const receipt = await options.take(arrival, findings);
        for (const [reason, count] of rejected) metrics.deadLetter(reason, count);
        metrics.sent(receipt.accepted);
        return receipt;
      });
    });
  };
}

async function plainBody(request: FastifyRequest): Promise<Buffer> {
  const body = request.body;
  if (!Buffer.isBuffer(body)) throw new Problem({ status: 415, detail: 'Content-Type must be application/json.' });
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new Problem({ status: 415, detail: 'Content-Encoding must be gzip or absent.' });
  try {
    return await decompress(body, { maxOutputLength: MAX_DECOMPRESSED });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Problem({ status: 413, detail: `A batch must not be larger than ${MAX_DECOMPRESSED} bytes.` });
    }
    throw new Problem({ status: 400, detail: 'The body is not gzip.' });
  }
}

/** More brackets than the largest honest batch has: a few kilobytes of gzip could otherwise become gigabytes of objects. */
const MAX_NODES = 1_000_000;

function parse(body: Buffer): unknown {
  let nodes = 0;
  for (const byte of body) {
    if ((byte === 0x7b || byte === 0x5b) && ++nodes > MAX_NODES) {
      throw new Problem({ status: 413, detail: 'A batch must not hold that many objects.' });
    }
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Problem({ status: 400, detail: 'The body is not JSON.' });
  }
}

function errorType(error: unknown): 'overloaded' | 'unavailable' | 'refused' {
  if (!(error instanceof TruantError)) return 'refused';
  if (error.code === 'OVERLOADED') return 'overloaded';
  return error.retriable ? 'unavailable' : 'refused';
}
