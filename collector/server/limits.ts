/** How much one caller may ask for. Counted in windows of a minute, for so many callers at a time as memory is set aside for. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../identity/caller.ts';
import { Problem } from './problem.ts';

/** Each in a minute. */
export interface Limits {
  /** By address. */
  failuresPerMinute: number;
  /** By caller, or where none is known, by address. */
  requestsPerMinute: number;
  /** By agent. */
  batchesPerMinute: number;
}

export interface Limiter {
  /** Seconds for which the address is not heard, because it has failed too often; undefined: it is. */
  failures(request: FastifyRequest): Promise<number | undefined>;
  countFailure(request: FastifyRequest): Promise<void>;
  /** @throws Problem 429 */
  count(request: FastifyRequest, access: Access): Promise<void>;
}

type Check = ReturnType<FastifyInstance['createRateLimit']>;

const MAX_CALLERS = 10_000;

export function createLimiter(server: FastifyInstance, limits: Limits): Limiter {
  let failed!: Check;
  let requests!: Check;
  let batches!: Check;
  void server.register(rateLimit, { global: false, cache: MAX_CALLERS, timeWindow: 60_000 }).after(() => {
    failed = server.createRateLimit({ max: limits.failuresPerMinute });
    // Of callers without a name, the address (of IPv6, its network) is the default.
    requests = server.createRateLimit({ max: limits.requestsPerMinute, ...byCaller });
    batches = server.createRateLimit({ max: limits.batchesPerMinute, ...byCaller });
  });
  return {
    failures: async (request) => {
      const { isAllowed, ...found } = await failed(request, { increment: false });
      if (isAllowed || !('remaining' in found) || found.remaining > 0) return undefined;
      return found.ttlInSeconds;
    },
    countFailure: async (request) => void (await failed(request)),
    count: async (request, access) => {
      const found = await (access === 'write' ? batches : requests)(request);
      if (found.isAllowed || !found.isExceeded) return;
      throw new Problem({
        status: 429,
        detail: `That is more than ${found.max} a minute.`,
        retryAfter: found.ttlInSeconds,
      });
    },
  };
}

/** Agents that share a token, and don't say which they are by it, are told apart by their addresses. */
const byCaller = {
  keyGenerator: ({ caller, ip }: FastifyRequest): string => {
    if (caller === undefined) return ip;
    return caller.role === 'writer' && caller.writes.agent === undefined ? `${caller.id} ${ip}` : caller.id;
  },
};
