/**
 * A route of the API as data: what it takes, what it answers, who may ask. Served as it says, and documented from the same
 * schemas (`query/open-api.ts`), so that neither can say what the other doesn't.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type Access, ANYBODY, type Caller } from '../identity/caller.ts';
import { sendRevalidated } from './etag.ts';
import { type Contradictions, readBody, readQuery } from './input.ts';

export const TAGS = ['Alerts', 'History', 'Credentials', 'Fleet', 'Outputs', 'Live', 'Identity', 'Operations'] as const;
export type Tag = (typeof TAGS)[number];

/** What is said of a route, for people. */
export interface Documentation {
  tag: Tag;
  /** A few words: `List alerts`. */
  summary: string;
  /** Whole sentences, where the summary is not enough. */
  description?: string;
  query: z.ZodObject;
  body?: z.ZodType;
  /** Left out: application/json. */
  bodyType?: 'application/x-ndjson';
  answer: Answer;
}

/** What is answered with 200. */
export type Answer =
  | { schema: z.ZodType }
  /** Something other than JSON, streamed; which of these it is, and what it is called, the handler says by the reply's headers. */
  | { mediaTypes: readonly string[]; description: string };

/** What a handler gives for it. */
type Given<Of extends Answer> = Of extends { schema: infer Schema extends z.ZodType } ? z.input<Schema> : Readable;

export interface EndpointOptions<Query extends z.ZodObject, Body extends z.ZodType, Of extends Answer>
  extends Documentation {
  method: 'GET' | 'POST' | 'DELETE';
  /** `/api/v1/alerts/:id` */
  url: string;
  /** Left out: `read`. */
  access?: Access;
  query: Query;
  contradictions?: Contradictions;
  body?: Body;
  /** In bytes; left out: the server's own. */
  bodyLimit?: number;
  answer: Of;
  /** With an ETag: who has the answer still is told so, and nothing else. Of JSON. */
  revalidated?: boolean;
  handle(input: Input<Query, Body>): Promise<Given<Of>>;
}

export interface Input<Query extends z.ZodObject, Body extends z.ZodType> {
  query: z.infer<Query>;
  body: z.infer<Body>;
  /** Of the URL, decoded. */
  params: Readonly<Record<string, string>>;
  caller: Caller;
  request: FastifyRequest;
  reply: FastifyReply;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    documentation?: Documentation;
  }
}

export type RegisterRoutes = (server: FastifyInstance) => void;

/** @returns what registers it. Wrong input is answered with a problem that names every wrong parameter or field. */
export function endpoint<Query extends z.ZodObject, Of extends Answer, Body extends z.ZodType = z.ZodUndefined>(
  options: EndpointOptions<Query, Body, Of>,
): RegisterRoutes {
  const { method, url, access, tag, summary, description, query, contradictions, body, bodyLimit } = options;
  const { answer, revalidated, handle } = options;
  const documentation: Documentation = {
    tag,
    summary,
    query,
    answer,
    ...(description !== undefined && { description }),
    ...(body && { body }),
  };
  return (server) =>
    server.route({
      method,
      url,
      config: { documentation, ...(access && { access }) },
      ...(bodyLimit !== undefined && { bodyLimit }),
      handler: async (request, reply) => {
        const found = await handle({
          query: readQuery(query, request.query, contradictions),
          body: (body ? readBody(body, request.body) : undefined) as z.infer<Body>,
          params: request.params as Record<string, string>,
          caller: request.caller ?? ANYBODY,
          request,
          reply,
        });
        return revalidated ? sendRevalidated(request, reply, found) : found;
      },
    });
}
