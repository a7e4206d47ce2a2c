/** A whole agent, over real files and real HTTP, towards a collector that answers what a test wants. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Agent, type AgentDeps, createAgent } from '../../agent/topology.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { Observation, SourceStatus } from '../../shared/schema/observation.ts';
import { leaseLine, range, silent, useLine } from '../audit-file/lab.ts';
import { type Batch, type FakeReceiver, fakeReceiver, PROBLEM, stored } from './fake-receiver.ts';
import { at, openLine } from './reads.ts';

let root: string;
let log: string;
let receiver: FakeReceiver;
const running: Agent[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'truant-agent-'));
  log = join(root, 'audit.log');
});

afterEach(async () => {
  for (const agent of running) await stop(agent);
  await receiver.close();
  rmSync(root, { recursive: true });
});

/** As long as it takes on a busy machine. */
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const TIME = Date.UTC(2026, 10, 23);

/** Lines that the API server would write one a millisecond. */
const write = (from: number, until: number): void => {
  const lines = range(from, until).map((n) => {
    const at = new Date(TIME + n).toISOString().replace('Z', '000Z');
    return JSON.stringify({ ...JSON.parse(useLine(n)), requestReceivedTimestamp: at, stageTimestamp: at });
  });
  appendFileSync(log, `${lines.join('\n')}\n`);
};

async function run(more: object = {}, deps: Partial<AgentDeps> = {}, sections: object = {}): Promise<Agent> {
  const config = parseConfig({
    ...sections,
    cluster: { name: 'lab' },
    agent: {
      node: 'node-a',
      stateDir: join(root, 'state'),
      auditLog: { path: log, fromBeginning: true },
      collector: { url: receiver.url },
      holdBackMs: 0,
      metrics: { listen: { port: 0 } },
      ...more,
    },
  });
  const agent = await createAgent(config, { logger: silent, registry: new Registry(), ...deps });
  running.push(agent);
  for (const component of agent.components) await component.start();
  return agent;
}

async function stop(agent: Agent): Promise<void> {
  for (const component of agent.components.toReversed()) await component.stop();
}

const auditIds = (observations: readonly Observation[]): string[] =>
  observations.flatMap((observation) => ('auditID' in observation ? [observation.auditID] : []));
const statuses = (observations: readonly Observation[]): SourceStatus[] =>
  observations.filter((observation) => observation.kind === 'status');
const expected = (from: number, until: number): string[] => range(from, until).map((n) => `use-${n}`);

/** What a collector would have stored: each observation once, by id. */
function store() {
  const streams = new Map<string, Map<string, Observation>>();
  const take = ({ stream, observations }: Batch): void => {
    const known = streams.get(stream) ?? new Map<string, Observation>();
    for (const observation of observations) if (!known.has(observation.id)) known.set(observation.id, observation);
    streams.set(stream, known);
  };
  return { streams, take, all: () => [...streams.values()].flatMap((known) => [...known.values()]) };
}

async function count(agent: Agent, name: string, component: string): Promise<number> {
  const text = await (await fetch(`${agent.address()}/metrics`)).text();
  const pattern = new RegExp(`^truant_${name}_total\\{component="${component}"[^}]*\\} (\\d+)$`, 'gm');
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}

const health = async (agent: Agent) =>
  (await (await fetch(`${agent.address()}/healthz`)).json()) as {
    status: string;
    components: { name: string; state: string; detail?: string }[];
  };

describe('what sensors of token files see', () => {
  const reads = (observations: readonly Observation[]) => observations.filter(({ kind }) => kind === 'read');
  /** Of the collector all findings, by rule. */
  const rules = (): string[] => receiver.asked.flatMap(({ batch }) => batch.findings.map(({ rule }) => rule));

  test('is judged, folded and sent', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    const agent = await run();
    agent.see(range(0, 50).map((second) => ({ about: 'open', value: openLine(second) })));
    agent.see([{ about: 'open', value: openLine(51, { onHost: true, comm: 'cat', exe: '/usr/bin/cat' }) }]);
    await until(() => expect(rules()).toEqual(['token-read-from-host']));
    expect(reads(kept.all())).toMatchObject([
      { opener: { relation: 'in-container' }, principal: 'system:serviceaccount:shop:cart' },
      { opener: { relation: 'host', comm: 'cat' } },
    ]);
    await stop(agent);
    expect(reads(kept.all())).toMatchObject([{}, {}, { opener: { relation: 'in-container' }, repeats: 48 }]);
  });

  test('is not taken for a theft where the configuration lets it pass, and says so', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    const allowedReaders = [{ executable: '/usr/bin/restic', reason: 'Backs the node up.' }];
    const agent = await run({}, {}, { detection: { allowedReaders } });
    agent.see([{ about: 'open', value: openLine(0, { onHost: true, comm: 'restic', exe: '/usr/bin/restic' }) }]);
    await until(() => expect(reads(kept.all())).toMatchObject([{ excused: 'Backs the node up.' }]));
    expect(rules()).toEqual([]);
    expect(await count(agent, 'dropped', 'reads')).toBe(1);
  });

  test('is counted where it can not be read', async () => {
    receiver = await fakeReceiver(stored);
    const agent = await run();
    agent.see([
      { about: 'open', value: { t: 'yesterday' } },
      { about: 'file', value: null },
    ]);
    expect(await count(agent, 'dead_letters', 'reads')).toBe(2);
  });

  test('is left out when too much waits to be delivered, and that is told as soon as it can be', async () => {
    const kept = store();
    let isDown = true;
    receiver = await fakeReceiver((batch) => {
      if (isDown) return { status: 503 };
      kept.take(batch);
      return stored(batch);
    });
    const agent = await run({ tokenFiles: { foldSeconds: 0 }, spool: { maxMegabytes: 16 } });
    const dropped = () => count(agent, 'dropped', 'spool');
    let seen = 0;
    for (; (await dropped()) < 10; seen += 500) {
      agent.see(range(seen, seen + 500).map((pid) => ({ about: 'open', value: openLine(1, { pid }) })));
    }
    // What was found goes before what is ordinary.
    agent.see([{ about: 'open', value: openLine(2, { onHost: true, comm: 'cat', exe: '/usr/bin/cat' }) }]);
    const lost = await dropped();
    isDown = false;
    const gaps = () => statuses(kept.all()).filter(({ source }) => source === 'token-opens');
    await until(() => expect(gaps()).toMatchObject([{ node: 'node-a', status: 'gap', reason: 'no-room' }]));
    expect(gaps()[0]?.detail).toContain(`${lost} observations`);
    await until(() => expect(reads(kept.all())).toHaveLength(seen + 1 - lost));
    expect(reads(kept.all())).toContainEqual(expect.objectContaining({ time: at(2) }));
  });
});

describe('an agent', () => {
  test('with a token that may not send keeps everything, says why, and delivers once it is put right', async () => {
    const kept = store();
    let mayWrite = false;
    receiver = await fakeReceiver((batch) => {
      if (!mayWrite) return { status: 403, headers: PROBLEM, body: { detail: 'This token is not for that.' } };
      kept.take(batch);
      return stored(batch);
    });
    write(0, 50);
    const agent = await run();
    await until(() => expect(receiver.asked.length).toBeGreaterThan(1));
    const { status, components } = await health(agent);
    expect(status).toBe('degraded');
    expect(components.find(({ name }) => name === 'outbox')).toMatchObject({
      state: 'degraded',
      detail: expect.stringMatching(/403 This token is not for that\. .*agent\.collector\.tokenFile/),
    });
    mayWrite = true;
    await until(() => expect(auditIds(kept.all())).toEqual(expected(0, 50)));
    expect(await count(agent, 'dropped', 'outbox')).toBe(0);
    await until(async () => expect((await health(agent)).status).toBe('ok'));
  });

  test('that could deliver nothing on its first start begins again where it did, not at the end', async () => {
    receiver = await fakeReceiver(() => ({ status: 503 }));
    write(0, 5);
    const auditLog = { path: log, fromBeginning: false };
    const first = await run({ auditLog });
    // Its own place is on disk, and so whatever is written from now on will be read.
    await until(() => expect(first.undelivered()).toBeGreaterThan(0));
    write(5, 10);
    await stop(first);
    const { url } = receiver;
    await receiver.close();
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    expect(receiver.url).not.toBe(url);
    await run({ auditLog });
    await until(() => expect(auditIds(kept.all())).toEqual(expected(5, 10)));
  });

  test('counts what is refused for good, keeps samples of it, and tells of the gap', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      if (auditIds(batch.observations).includes('use-3')) {
        return { status: 400, headers: PROBLEM, body: { detail: 'This is no batch.' } };
      }
      kept.take(batch);
      return stored(batch);
    });
    write(0, 5);
    const agent = await run();
    await until(() => {
      expect(statuses(kept.all())).toContainEqual(
        expect.objectContaining({
          source: 'outbox',
          status: 'gap',
          reason: 'refused',
          detail: expect.stringContaining('400 This is no batch.'),
        }),
      );
    });
    write(5, 8);
    await until(() => expect(auditIds(kept.all())).toEqual(expected(5, 8)));
    expect(await count(agent, 'dropped', 'outbox')).toBeGreaterThanOrEqual(5);
    await stop(agent);
    const samples = readFileSync(join(root, 'state', 'dead-letter.ndjson'), 'utf8');
    expect(samples).toContain('"reason":"refused"');
    expect(samples).toContain('use-3');
  });

  test('of which everything is refused does not go on for ever about it', async () => {
    receiver = await fakeReceiver(() => ({ status: 400, headers: PROBLEM, body: { detail: 'No.' } }));
    write(0, 3);
    const agent = await run();
    await until(async () => expect(await count(agent, 'sent', 'audit-file')).toBe(3));
    await stop(agent);
    const told = receiver.asked.flatMap(({ batch }) => statuses(batch.observations));
    const refusals = told.filter(({ source }) => source === 'outbox');
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThanOrEqual(receiver.asked.length);
    const last = receiver.asked.at(-1)?.batch.observations ?? [];
    expect(statuses(last).every(({ source }) => source === 'outbox')).toBe(true);
  });

  test('whose state folder cannot be written does not start, and sends nothing', async () => {
    receiver = await fakeReceiver(stored);
    write(0, 5);
    writeFileSync(join(root, 'state'), '');
    await expect(run()).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
    expect(receiver.asked).toEqual([]);
  });

  test('is the only one on its state folder, until it stops', async () => {
    receiver = await fakeReceiver(stored);
    write(0, 1);
    const agent = await run();
    await expect(run()).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await stop(agent);
    await run();
  });

  test('counts each line and observation on its way', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    write(0, 20);
    appendFileSync(log, `${leaseLine(1)}\n${leaseLine(2)}\n`);
    const agent = await run();
    await until(() => expect(auditIds(kept.all())).toEqual(expected(0, 20)));
    await until(async () => expect(await count(agent, 'sent', 'outbox')).toBe(kept.all().length));
    for (const component of ['audit-file', 'pipeline']) expect(await count(agent, 'received', component)).toBe(22);
    expect(await count(agent, 'sent', 'audit-file')).toBe(22);
    const observations = kept.all().length;
    expect(await count(agent, 'sent', 'pipeline')).toBe(observations);
    for (const component of ['outbox', 'http-transport']) {
      expect(await count(agent, 'received', component)).toBe(observations);
      expect(await count(agent, 'sent', component)).toBe(observations);
    }
  });

  test('counts what its limits took away', async () => {
    receiver = await fakeReceiver(stored);
    const agent = await run();
    const series = async (): Promise<string> => (await fetch(`${agent.address()}/metrics`)).text();
    expect(await series()).toContain('truant_dropped_total{component="inventory",reason="evicted"} 0');
    expect(await series()).toContain('truant_errors_total{component="hold-back",error_type="too-many-wait"} 0');
    const pods = Array.from({ length: 30_000 }, (_, i): InventoryEvent => {
      const facts = { namespace: 'shop', name: `pod-${i}`, addresses: [], hostNetwork: false, ended: false };
      return { type: 'pod-upsert', time: TIME * 1000 + i, pod: { uid: `uid-${i}`, ...facts }, initial: false };
    });
    agent.learn(pods);
    await until(async () => expect(await count(agent, 'dropped', 'inventory')).toBeGreaterThan(0));
  });

  test('without an audit log is idle, and does not even read the inventory; but says that it is there', async () => {
    receiver = await fakeReceiver(stored);
    const agent = await run({ auditLog: {}, inventory: { file: join(root, 'nowhere.jsonl') } });
    expect(await health(agent)).toMatchObject({ status: 'ok' });
    await stop(agent);
    const [beat, ...others] = receiver.asked.flatMap(({ batch }) => batch.observations);
    expect(others).toEqual([]);
    expect(beat).toMatchObject({ kind: 'heartbeat', node: 'node-a', waiting: { records: 0 } });
    expect(beat).not.toHaveProperty('lag');
  });

  test('says how far behind the audit log it is', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    write(0, 5);
    const auditLog = { path: log, fromBeginning: true };
    const agent = await run({ auditLog });
    await until(() => expect(auditIds(kept.all())).toEqual(expected(0, 5)));
    await stop(agent);
    await run({ auditLog });
    const lags = () => kept.all().flatMap((observation) => (observation.kind === 'heartbeat' ? [observation.lag] : []));
    // Of the first it is not decided whether it was before or behind the first line.
    await until(() => expect(lags()).toHaveLength(2));
    for (const lag of lags()) expect(lag === undefined || lag >= 0).toBe(true);
  });

  test('says what the log lacks, and on which node', async () => {
    const kept = store();
    receiver = await fakeReceiver((batch) => {
      kept.take(batch);
      return stored(batch);
    });
    const { user, ...event } = JSON.parse(useLine(0)) as { user: object };
    const extra = {
      'authentication.kubernetes.io/pod-name': ['inventory-1'],
      'authentication.kubernetes.io/pod-uid': ['0e3c9f86-5a63-4f5e-9d5c-6f8f4a1f0c11'],
    };
    appendFileSync(log, `${JSON.stringify({ ...event, user: { ...user, extra } })}\n`);
    await run();
    await until(() => {
      expect(statuses(kept.all())).toContainEqual(
        expect.objectContaining({ node: 'node-a', status: 'blind', reason: 'no-credential-ids' }),
      );
    });
  });

  test('says that it is blind where the audit log is not there', async () => {
    receiver = await fakeReceiver(stored);
    const agent = await run();
    await until(() => {
      const told = receiver.asked.flatMap(({ batch }) => statuses(batch.observations));
      expect(told).toContainEqual(expect.objectContaining({ node: 'node-a', status: 'blind', reason: 'file-missing' }));
    });
    expect(await health(agent)).toMatchObject({ status: 'degraded' });
  });
});

describe('the metrics of an agent', () => {
  beforeEach(async () => {
    receiver = await fakeReceiver(stored);
  });

  test.each([
    ['are switched off', { metrics: { enabled: false } }, {}],
    ['are served elsewhere', {}, { metricsElsewhere: true as const }],
  ])('are not served when they %s', async (_because, more, deps) => {
    const agent = await run({ auditLog: {}, ...more }, deps);
    expect(agent.address()).toBeUndefined();
    expect(agent.components.map(({ name }) => name)).not.toContain('operations');
  });

  test('on a port that is taken keep it from starting, with an error that names the setting', async () => {
    const port = Number(new URL(receiver.url).port);
    await expect(run({ auditLog: {}, metrics: { listen: { port } } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `Can't listen on 127.0.0.1 port ${port}: it is in use already`,
      remedy: expect.stringContaining('agent.metrics.listen'),
    });
  });

  test.each([
    { path: '/metrics', status: 200 },
    { path: '/healthz', status: 200 },
    { path: '/', status: 404 },
    { path: '/metrics', init: { method: 'POST' }, status: 405 },
  ])('$path $init is answered with $status', async ({ path, init, status }) => {
    const agent = await run({ auditLog: {} });
    expect((await fetch(agent.address() + path, init)).status).toBe(status);
  });

  test('are for nobody who calls this machine by another name', async () => {
    const agent = await run({ auditLog: {} });
    const { get } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      get(`${agent.address()}/metrics`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(421);
  });
});
