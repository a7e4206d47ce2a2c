/** Answers that whoever asked may still have: then only that is said. */
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Sends the answer as JSON, or 304 when it is the one that the request says it has. Whoever keeps it keeps it for one
 * person alone, and asks before it is used again: so it is never shown to somebody who may not see it any more.
 */
export function sendRevalidated(request: FastifyRequest, reply: FastifyReply, answer: unknown): FastifyReply {
  const body = JSON.stringify(answer);
  // Weak: compressed or not, it is the same answer.
  const tag = `W/"${hash('sha256', body, 'hex').slice(0, 32)}"`;
  reply.headers({ etag: tag, 'cache-control': 'private, no-cache', vary: 'authorization, cookie, accept-encoding' });
  if (names(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(body);
}

function names(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((one) => one.trim() === tag || one.trim() === tag.slice('W/'.length));
}
