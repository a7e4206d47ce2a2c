/** What answers where a collector should be: whatever a test wants, to each batch in turn. */
import { gunzipSync } from 'node:zlib';
import { Envelope } from '../../shared/schema/envelope.ts';
import { type Listening, listening } from '../support/listening.ts';

/** What one request brought: envelopes of one stream. */
export interface Batch extends Pick<Envelope, 'cluster' | 'agent' | 'stream' | 'position'> {
  observations: Envelope['observation'][];
  findings: Envelope['findings'];
}

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
export const stored = ({ observations }: Batch): Answer => ({
  status: 200,
  body: { accepted: observations.length, duplicates: 0, rejected: 0 },
});

export async function fakeReceiver(answer: (batch: Batch, nth: number) => Answer): Promise<FakeReceiver> {
  const asked: Asked[] = [];
  const server = await listening((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const batch = batchOf(gunzipSync(Buffer.concat(chunks)).toString());
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization, batch });
      const { status, headers = {}, body = '' } = answer(batch, asked.length);
      response.writeHead(status, headers);
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  return { ...server, asked };
}

function batchOf(body: string): Batch {
  const envelopes = body
    .trimEnd()
    .split('\n')
    .map((line) => Envelope.parse(JSON.parse(line)));
  const [{ cluster, agent, stream, position }] = envelopes as [Envelope];
  const observations = envelopes.map(({ observation }) => observation);
  return { cluster, agent, stream, position, observations, findings: envelopes.flatMap(({ findings }) => findings) };
}
