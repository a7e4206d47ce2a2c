/** Agent and collector as processes of their own, over TLS: the agent is known by its ServiceAccount's token alone. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keySetOf, SigningKey } from '../identity/support/tokens.ts';
import { Authority } from '../support/certificates.ts';
import { type Running, truant } from './truant.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/stolen-token', import.meta.url));
const READER = 'the-token-of-a-reader';
/** SHA-256 of it. */
const READER_HASH = 'sha256:0341aa0a6bc604fd8c475700b0d79f3f1b0d16ec52ea22a64c054286e28566da';

let folder: string;
const running: Running[] = [];
const put = async (name: string, content: string): Promise<string> => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'truant-identity-'));
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await rm(folder, { recursive: true });
});

const start = (command: 'agent' | 'collector', config: string): Running => {
  const process = truant([command, '--config', config]);
  running.push(process);
  return process;
};
const said = (process: Running, pattern: RegExp): Promise<RegExpExecArray> =>
  vi.waitFor(
    () => {
      const found = pattern.exec(process.stderr());
      if (!found) throw new Error(`${pattern} not in: ${process.stderr()}`);
      return found;
    },
    { timeout: 30_000, interval: 50 },
  );

it('nothing is taken from an agent whose token is of another node, and everything once it is its own', async () => {
  const [authority, key] = [new Authority(), new SigningKey('one')];
  const tls = authority.issue({ ip: ['127.0.0.1'] });
  const caFile = await put('ca.crt', authority.pem);
  const collectorConfig = {
    cluster: { name: 'lab' },
    collector: {
      listen: { host: '0.0.0.0', port: 0 },
      tls: { certFile: await put('tls.crt', tls.cert), keyFile: await put('tls.key', tls.key) },
      auth: {
        mode: 'token',
        viewerTokenHashes: [READER_HASH],
        clusters: [{ name: 'lab', jwksFile: await put('jwks.json', JSON.stringify(await keySetOf(key))) }],
      },
      store: { path: join(folder, 'truant.duckdb') },
    },
  };
  const collector = start('collector', await put('collector.json', JSON.stringify(collectorConfig)));
  const [, port = ''] = await said(collector, /https:\/\/0\.0\.0\.0:(\d+)/);
  const url = `https://127.0.0.1:${port}`;

  const others = await key.token({ node: 'node-b' });
  const tokenFile = await put('token', others);
  const agentConfig = {
    cluster: { name: 'lab' },
    agent: {
      node: 'control-plane',
      stateDir: join(folder, 'agent'),
      auditLog: { path: join(EXAMPLE, 'audit', 'audit.log'), fromBeginning: true },
      inventory: { file: join(EXAMPLE, 'cluster.jsonl') },
      collector: { url, tokenFile, caFile },
      metrics: { enabled: false },
    },
  };
  const agent = start('agent', await put('agent.json', JSON.stringify(agentConfig)));
  await said(agent, /403 This caller may write as the node node-b of the cluster lab alone/);

  const uses = async (): Promise<number> => {
    const asking = truant(['history', '--json', '--url', url, '--ca-file', caFile], { TRUANT_TOKEN: READER });
    expect(await asking.ended).toBe(0);
    return asking.stdout().split('\n').filter(Boolean).length;
  };
  expect(await uses()).toBe(0);
  // The kubelet brings another one.
  const own = await key.token({ node: 'control-plane' });
  await put('token', own);
  await vi.waitFor(async () => expect(await uses()).toBeGreaterThan(0), { timeout: 40_000, interval: 500 });

  for (const { child, ended } of running) {
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }
  const output = running.map((process) => process.stderr() + process.stdout()).join('');
  for (const secret of [others, own, READER]) expect(output).not.toContain(secret);
}, 90_000);
