/** Webhooks, against a server that is killed with -9, over HTTPS with a client certificate. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createWebhookOutput } from '../../collector/outputs/webhook/webhook-output.ts';
import { Authority } from '../support/certificates.ts';
import { type Compiled, compile } from '../support/compile.ts';
import { describeOutput, type OtherSide, receivedOf } from './output-contract.ts';
import { Peer } from './support/peer.ts';
import { webhookSettings } from './support/settings.ts';

const authority = new Authority();
let compiled: Compiled;
let folder: string;

async function before(): Promise<void> {
  compiled = compile('test/outputs/support/peer-process.ts');
  folder = await mkdtemp(path.join(tmpdir(), 'truant-webhook-'));
  const { cert, key } = authority.issue({ dns: ['collector.example'] });
  await writeFile(path.join(folder, 'ca.pem'), authority.pem);
  await writeFile(path.join(folder, 'cert.pem'), cert);
  await writeFile(path.join(folder, 'key.pem'), key);
}

async function after(): Promise<void> {
  compiled.dispose();
  await rm(folder, { recursive: true });
}

async function start(batch: number): Promise<OtherSide> {
  const tls = { ...authority.issue({ ip: ['127.0.0.1'] }), ca: authority.pem, requestCert: true };
  const peer = await Peer.start(compiled.script, tls);
  const files = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: 'key.pem' };
  const own = Object.fromEntries(Object.entries(files).map(([key, file]) => [key, path.join(folder, file)]));
  const output = createWebhookOutput({
    settings: webhookSettings({ url: peer.url, batch, tls: own }),
    format: 'native',
    environment: {},
  });
  return {
    output,
    received: async () => peer.took.flatMap(({ body }) => textsIn(body).map(receivedOf)),
    goDown: () => peer.goDown(),
    comeBack: () => peer.comeBack(),
    hang: () => peer.set('hang'),
    breakHalfway: async () => void (await peer.set('break')),
    stop: () => peer.goDown(),
  };
}

const textsIn = (body: string): string[] =>
  body.startsWith('[') ? (JSON.parse(body) as unknown[]).map((one) => JSON.stringify(one)) : [body];

describeOutput('A webhook, an alert a request,', { before, after, start: () => start(1) });
describeOutput('A webhook with batches', { before, after, start: () => start(20) });
