/** A recorded theft, played through the real agent and collector; and thefts like it that come after. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { UsesPage } from '../../../collector/query/schemas/history.ts';
import type { TokenUse } from '../../../shared/schema/observation.ts';
import { formatTime, SECOND } from '../../../shared/time.ts';
import { truant } from '../../e2e/truant.ts';

export interface Theft {
  /** Of the collector: `http://127.0.0.1:12345` */
  url: string;
  host: string;
  /** The recording has been played; the collector goes on. */
  played: Promise<unknown>;
  /** Somebody uses another token of the same account from that address. */
  again(source: string): Promise<void>;
  stop(): Promise<void>;
}

export async function playTheft(speed: number): Promise<Theft> {
  const demo = truant(['start', '--demo', '--speed', String(speed), '--port', '0']);
  const [, url = ''] = await demo.printed(/Collector at (http:\/\/127\.0\.0\.1:\d+)/);
  const played = demo.printed(/goes on answering/);
  played.catch(() => undefined);
  let sent = 0;
  return {
    url,
    host: new URL(url).host,
    played,
    again: async (source) => {
      const response = await fetch(`${url}/api/v1/uses?placement=away&limit=1`);
      const [found] = ((await response.json()) as UsesPage).items;
      if (!found) throw new Error('nothing was used away yet');
      sent += 1;
      const agent = `another-node-${sent}`;
      await post(url, found.cluster, agent, likeIt(found.use, source, sent));
    },
    stop: async () => {
      demo.child.kill('SIGKILL');
      await demo.ended;
    },
  };
}

function likeIt(use: TokenUse, source: string, nth: number): TokenUse {
  const time = use.time + nth * SECOND;
  return {
    ...use,
    id: randomBytes(16).toString('hex'),
    time,
    timeText: formatTime(time),
    seen: time,
    auditID: randomUUID(),
    credential: { id: `JTI=${randomUUID()}`, kind: 'projected' },
    source: { address: source, claimed: [], claimedTotal: 0 },
  };
}

async function post(url: string, cluster: string, agent: string, observation: TokenUse): Promise<void> {
  const { kind, time } = observation;
  const head = { schema: 1, cluster, agent, stream: `${cluster}/${agent}/${randomUUID()}`, position: 0 };
  const response = await fetch(`${url}/api/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: JSON.stringify({ ...head, kind, time, observation, findings: [] }),
  });
  if (!response.ok) throw new Error(`the collector did not take it: ${await response.text()}`);
}
