/** A collector that answers what a test tells it to, and remembers what it was asked. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Listening, listening } from '../support/listening.ts';

export interface Asked {
  url: URL;
  headers: IncomingHttpHeaders;
}

export interface FakeCollector extends Listening {
  asked: Asked[];
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body: unknown;
}

export async function fakeCollector(answer: (url: URL) => Answer): Promise<FakeCollector> {
  const asked: Asked[] = [];
  const server = await listening((request, response) => {
    const url = new URL(request.url ?? '/', 'http://collector');
    asked.push({ url, headers: request.headers });
    const { status = 200, headers = {}, body } = answer(url);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return { ...server, asked };
}
