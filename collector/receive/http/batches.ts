/** POST /api/v1/batches: what agents send, an envelope a line. Answered once it is stored. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { TruantError } from '../../../shared/errors.ts';
import { Envelope } from '../../../shared/schema/envelope.ts';
import { componentMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Clock, Micros } from '../../../shared/time.ts';
import type { Correlation, Receipt } from '../../correlate/correlation.ts';
import { type Caller, mayWriteAs } from '../../identity/caller.ts';
import { ReceiptAnswer } from '../../query/schemas/status.ts';
import type { Documentation } from '../../server/endpoint.ts';
import { Problem } from '../../server/problem.ts';
import { aside, type Decoded, decodeEnvelope, gather, REJECTIONS, type Rejection } from '../decode.ts';
import { Places } from './places.ts';

export interface BatchesOptions {
  take: Correlation['take'];
  /** Keeps samples of what is set aside. */
  setAside(reason: Rejection, line: Buffer): void;
  /** To know the future by. */
  clock: Clock;
  registry: Registry;
  /** How many requests may be read or wait at a time. */
  maxInFlight?: number;
}

const MAX_BODY = 8 * 1024 * 1024;
const MAX_DECOMPRESSED = 32 * 1024 * 1024;
const MAX_LINES = 5000;
const MAX_STREAMS = 16;
const AT_ONCE = 200;
const NEWLINE = 0x0a;
const decompress = promisify(gunzip);

const DOCUMENTATION: Documentation = {
  tag: 'Operations',
  summary: 'Send observations',
  description: `An envelope a line, of at most ${MAX_STREAMS} streams and ${MAX_LINES} lines; may be compressed (content-encoding: gzip). Answered once all of it is stored.`,
  query: z.object({}),
  body: Envelope,
  bodyType: 'application/x-ndjson',
  answer: { schema: ReceiptAnswer },
};

export function batchesRoute(options: BatchesOptions): (server: FastifyInstance) => void {
  const { maxInFlight = 16 } = options;
  const metrics = componentMetrics(options.registry, 'receive-http', {
    errors: ['refused', 'overloaded', 'unavailable'],
    deadLetters: REJECTIONS,
  });
  const places = new Places(maxInFlight);

  return (server) => {
    void server.register(async (scope) => {
      // Other content is refused with 415, so that no page's form can post here.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        'application/x-ndjson',
        { parseAs: 'buffer', bodyLimit: MAX_BODY },
        (_request, body, done) => done(null, body),
      );

      // Counted before the body is read.
      scope.addHook('onRequest', async (request, reply) => {
        // Gone while it was asked who it is: its end was told already, and will not be again.
        if (reply.raw.destroyed) throw new Problem({ status: 400, detail: 'The connection was closed.' });
        reply.raw.once('close', places.take(request.caller));
      });
      scope.addHook('onError', async (_request, _reply, error) => metrics.error(errorType(error)));

      scope.post('/api/v1/batches', { config: { access: 'write', documentation: DOCUMENTATION } }, async (request) => {
        const lines = linesOf(await plainBody(request));
        const now = options.clock.now();
        const { caller } = request;
        const found = await decodeAll(lines, now);
        refuseForeign(found, caller);
        const decoded = found.map((one) => (tellsOfAnother(one, caller) ? aside('foreign-node', one.head) : one));
        refuseManyStreams(decoded);
        metrics.received(lines.length);
        const receipt = await stored(decoded);
        for (const [index, { rejection }] of decoded.entries()) {
          if (rejection === undefined) continue;
          metrics.deadLetter(rejection);
          options.setAside(rejection, lines[index] as Buffer);
        }
        metrics.sent(receipt.accepted);
        return receipt;
      });
    });
  };

  async function stored(decoded: readonly Decoded[]): Promise<Receipt> {
    const receipt = { accepted: 0, duplicates: 0, rejected: decoded.filter(({ head }) => !head).length };
    for (const { intake } of gather(decoded)) {
      const { accepted, duplicates, rejected } = await options.take(intake);
      receipt.accepted += accepted;
      receipt.duplicates += duplicates;
      receipt.rejected += rejected;
    }
    return receipt;
  }
}

/** In between others get their turn: with a body as large as may be it takes a second. */
async function decodeAll(lines: readonly Buffer[], now: Micros): Promise<Decoded[]> {
  const decoded: Decoded[] = [];
  for (const [index, line] of lines.entries()) {
    decoded.push(decodeEnvelope(line, now));
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return decoded;
}

/** Before anything is stored of it. */
function refuseForeign(decoded: readonly Decoded[], caller: Caller | undefined): void {
  const foreign = decoded.find(({ head }) => head && !(caller && mayWriteAs(caller, head)))?.head;
  if (!foreign) return;
  const { cluster, agent } = caller?.role === 'writer' ? caller.writes : {};
  const own = agent === undefined ? `the cluster ${cluster}` : `the node ${agent} of the cluster ${cluster}`;
  throw new Problem({
    status: 403,
    detail: `This caller may write as ${own} alone: the batch says it is from another.`,
  });
}

/** What happens on a node, and how its sources are, is for its own agent to say. */
function tellsOfAnother({ head, observation }: Decoded, caller: Caller | undefined): boolean {
  if (!head || !caller || !observation || !('node' in observation) || observation.node === undefined) return false;
  return !mayWriteAs(caller, { cluster: head.cluster, agent: observation.node });
}

/** Agents send one at a time. Each costs the store more than a record does. */
function refuseManyStreams(decoded: readonly Decoded[]): void {
  if (new Set(decoded.map(({ head }) => head?.stream)).size <= MAX_STREAMS) return;
  throw new Problem({ status: 400, detail: `A batch must not be of more than ${MAX_STREAMS} streams.` });
}

async function plainBody(request: FastifyRequest): Promise<Buffer> {
  const body = request.body;
  if (!Buffer.isBuffer(body)) throw new Problem({ status: 415, detail: 'Content-Type must be application/x-ndjson.' });
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

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(NEWLINE, start);
    const until = end < 0 ? body.length : end;
    if (until > start) lines.push(body.subarray(start, until));
    if (lines.length > MAX_LINES) {
      throw new Problem({ status: 413, detail: `A batch must not have more than ${MAX_LINES} lines.` });
    }
    start = until + 1;
  }
  if (lines.length === 0) throw new Problem({ status: 400, detail: 'The body must have an envelope on each line.' });
  return lines;
}

function errorType(error: unknown): 'overloaded' | 'unavailable' | 'refused' {
  if (!(error instanceof TruantError)) return 'refused';
  if (error.code === 'OVERLOADED' || error.code === 'LIMIT_REACHED') return 'overloaded';
  return error.retriable ? 'unavailable' : 'refused';
}
