/** Which answers are compressed, and how. */
import type { FastifyCompressOptions } from '@fastify/compress';
import type { RouteOptions } from 'fastify';
import { accessOf } from './access.ts';

/** What an agent sends is unpacked where it is read, within bounds. */
export const COMPRESSION: FastifyCompressOptions = {
  encodings: ['gzip'],
  threshold: 1024,
  customTypes: /^application\/json/,
  globalDecompression: false,
};

/**
 * Answers to questions. Not those that hold what lets somebody act for another, as a session's CSRF token: of what is
 * compressed together with text of an attacker's choice, the length betrays the content (BREACH).
 */
export function isCompressed({ method, config }: Pick<RouteOptions, 'method' | 'config'>): boolean {
  return (
    method === 'GET' &&
    accessOf(config) !== 'open' &&
    config?.documentation !== undefined &&
    config.documentation.tag !== 'Identity'
  );
}
