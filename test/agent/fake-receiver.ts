/** What answers where a collector should be: whatever a test wants, to each batch in turn. */
import { gunzipSync } from 'node:zlib';
import type { Batch } from '../../shared/schema/batch.ts';
import { type Listening, listening } from '../support/listening.ts';

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

export interface FakeReceiver extends Listening {
  asked: Asked[];
}

export const PROBLEM = { 'content-type': 'application/problem+json' };

/** As the collector acknowledges. */
export const stored = ({ position, observations }: Batch): Answer => ({
  status: 200,
  body: { accepted: observations.length, duplicates: 0, rejected: 0, position: position + observations.length },
});

export async function fakeReceiver(answer: (batch: Batch, nth: number) => Answer): Promise<FakeReceiver> {
  const asked: Asked[] = [];
  const server = await listening((request, response) => {
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
  return { ...server, asked };
}
