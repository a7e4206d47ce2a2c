/** Which answers are compressed, and how. */
import type { FastifyCompressOptions } from '@fastify/compress';
import type { RouteOptions } from 'fastify';
import { accessOf } from './access.ts';

/** What an agent sends is unpacked where it is read, within bounds. */
export const COMPRESSION: FastifyCompressOptions = {
  encodings: ['gzip'],
  threshold: 1024,
  globalDecompression: false,
};

/**
 * Answers in JSON to questions. Not those that hold what lets somebody act for another, as a session's CSRF token: where that
 * is compressed together with text of an attacker's choice, the length betrays it (BREACH).
 */
export function isCompressed({ method, config }: Pick<RouteOptions, 'method' | 'config'>): boolean {
  const documentation = config?.documentation;
  if (method !== 'GET' || accessOf(config) === 'open' || documentation === undefined) return false;
  return documentation.tag !== 'Identity' && 'schema' in documentation.answer;
}
