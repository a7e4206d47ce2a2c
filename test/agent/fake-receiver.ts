/** What answers where a collector should be: whatever a test wants, to each batch in turn. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Batch } from '../../shared/schema/batch.ts';

interface Asked {
  path: string;
  authorization: string | undefined;
  batch: Batch;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface FakeReceiver {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

export const PROBLEM = { 'content-type': 'application/problem+json' };

/** As the collector acknowledges. */
export const stored = ({ position, observations }: Batch): Answer => ({
  status: 200,
  body: { accepted: observations.length, duplicates: 0, rejected: 0, position: position + observations.length },
});

export async function fakeReceiver(answer: (batch: Batch, nth: number) => Answer): Promise<FakeReceiver> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const batch = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as Batch;
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization, batch });
      const { status, headers = {}, body = '' } = answer(batch, asked.length);
      response.writeHead(status, headers);
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
