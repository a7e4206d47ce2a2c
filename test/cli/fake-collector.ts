/** A collector that answers what a test tells it to, and remembers what it was asked. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Listening, listening } from '../support/listening.ts';

export interface Asked {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  /** What came as JSON. */
  body?: unknown;
}

export interface FakeCollector extends Listening {
  asked: Asked[];
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is; a function writes, and ends, as it likes. */
  body: unknown;
}

export async function fakeCollector(answer: (url: URL, asked: Asked) => Answer): Promise<FakeCollector> {
  const asked: Asked[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://collector');
    const sent = await textOf(request);
    const { method = 'GET', headers: told } = request;
    const question = { method, url, headers: told, ...(sent !== '' && { body: JSON.parse(sent) as unknown }) };
    asked.push(question);
    const { status = 200, headers = {}, body } = answer(url, question);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    if (typeof body === 'function') {
      response.flushHeaders();
      (body as (response: ServerResponse) => void)(response);
    } else response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = await listening((request, response) => void respond(request, response));
  return { ...server, asked };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
