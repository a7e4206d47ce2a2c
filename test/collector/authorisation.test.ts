/** Every route that there is, asked by everybody there is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Access } from '../../collector/identity/caller.ts';
import { type Credentials, createLab, type Lab } from './support/callers.ts';
import { CLUSTER, idOf, read, status, tokenFile } from './support/make.ts';
import { batch, lines } from './support/running.ts';

let lab: Lab;
/** Everything that was answered to anybody. */
let answered = '';

beforeAll(async () => {
  lab = await createLab();
});
afterAll(() => lab.stop());

/** Whoever is let in is answered as the route answers: to what is not there, or not said as it should be, too. */
const LET_IN = new Set([200, 302, 400, 404, 415]);

type Kind = keyof Lab['callers'];
/** `forged`: what only asks, as a page of our own may that has lost its token. What changes something: 403. */
const EXPECTED: Record<Kind, Record<Access, 'in' | 401 | 403>> = {
  strangers: { open: 'in', read: 401, act: 401, write: 401, admin: 401 },
  outsiders: { open: 'in', read: 403, act: 403, write: 403, admin: 403 },
  viewers: { open: 'in', read: 'in', act: 403, write: 403, admin: 403 },
  analysts: { open: 'in', read: 'in', act: 'in', write: 403, admin: 403 },
  admins: { open: 'in', read: 'in', act: 'in', write: 403, admin: 'in' },
  forged: { open: 'in', read: 'in', act: 'in', write: 403, admin: 'in' },
  agents: { open: 'in', read: 403, act: 403, write: 'in', admin: 403 },
  otherAgents: { open: 'in', read: 403, act: 403, write: 403, admin: 403 },
};

const FOREIGN = 'a page of another origin';

/** A link may lead from anywhere to what is open; a route by which one logs in asks for no session, and so for no token of one. */
function forgedMay(who: string, access: Access, isWrite: boolean): 'in' | 403 {
  if (who === FOREIGN) return access === 'open' && !isWrite ? 'in' : 403;
  return isWrite && access !== 'open' ? 403 : EXPECTED.forged[access] === 'in' ? 'in' : 403;
}

/** What a route takes that changes something. Every exception is another. */
const BODIES: Readonly<Record<string, () => object>> = {
  '/api/v1/alerts/:id/actions': () => ({ action: 'acknowledge' }),
  '/api/v1/alerts/actions': () => ({ alerts: [{ cluster: CLUSTER, id: 'x' }], do: { action: 'acknowledge' } }),
  '/api/v1/exceptions': () => ({ rule: 'token-recon', principal: `user-${exceptions++}`, source: null, reason: 'r' }),
};
let exceptions = 0;

/** What a question can't do without. */
const QUERIES: Readonly<Record<string, string>> = {
  '/api/v1/history/groups': '?by=kind',
  '/api/v1/history/export': '?format=csv',
};

function bodyFor(method: string, url: string): { headers?: Record<string, string>; body?: string } {
  const body = method === 'POST' ? BODIES[url]?.() : undefined;
  return body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {};
}

async function ask(method: string, url: string, who: Credentials): Promise<number> {
  const isBatch = method === 'POST' && url === '/api/v1/batches';
  const response = await (isBatch
    ? lab.send(who)
    : lab.ask(method, url.replace(/:\w+/g, 'x') + (QUERIES[url] ?? ''), who, bodyFor(method, url)));
  answered += JSON.stringify([...response.headers]);
  // It would go on for ever.
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) await response.body?.cancel();
  else answered += await response.text();
  return response.status;
}

test('the routes are these', () => {
  const routes = lab.collector.routes.map(({ method, url, access }) => `${access} ${method} ${url}`);
  expect(routes.filter((route) => !route.includes(' HEAD ')).toSorted()).toEqual([
    'act POST /api/v1/alerts/:id/actions',
    'act POST /api/v1/alerts/actions',
    'act POST /api/v1/exceptions',
    'act POST /api/v1/exceptions/:id/revoke',
    'admin GET /api/v1/dead-letters',
    'admin POST /api/v1/outputs/:name/discard',
    'admin POST /api/v1/outputs/:name/replay',
    'admin POST /api/v1/outputs/:name/test',
    'open GET /',
    'open GET /alerts/:cluster/:id',
    'open GET /api/v1/login',
    'open GET /assets/:name',
    'open GET /auth/callback',
    'open GET /auth/login',
    'open GET /credentials/:id',
    'open GET /exceptions',
    'open GET /fleet',
    'open GET /healthz',
    'open GET /history',
    'open GET /outputs',
    'open GET /readyz',
    'open GET /reference',
    'open GET /rules',
    'open GET /rules/:id',
    'open POST /api/v1/session',
    'read DELETE /api/v1/session',
    'read GET /api/v1/alerts',
    'read GET /api/v1/alerts/:id',
    'read GET /api/v1/alerts/:id/related',
    'read GET /api/v1/alerts/counts',
    'read GET /api/v1/credentials/:id',
    'read GET /api/v1/credentials/:id/timeline',
    'read GET /api/v1/exceptions',
    'read GET /api/v1/fleet',
    'read GET /api/v1/history',
    'read GET /api/v1/history/export',
    'read GET /api/v1/history/groups',
    'read GET /api/v1/history/histogram',
    'read GET /api/v1/live',
    'read GET /api/v1/me',
    'read GET /api/v1/observations/:id',
    'read GET /api/v1/openapi.json',
    'read GET /api/v1/outputs',
    'read GET /api/v1/outputs/dead-letters',
    'read GET /api/v1/rules',
    'read GET /api/v1/status',
    'read GET /api/v1/uses',
    'read GET /metrics',
    'write POST /api/v1/batches',
  ]);
  // But for the way through the issuer, which is for browsers that go it, and for what never ends.
  const asks = lab.collector.routes.filter(
    ({ method, url }) => method === 'GET' && !url.startsWith('/auth/') && url !== '/api/v1/live',
  );
  const heads = lab.collector.routes.filter(({ method }) => method === 'HEAD');
  expect(heads.map(({ url }) => url)).toEqual(asks.map(({ url }) => url));
});

describe.each(Object.keys(EXPECTED) as Kind[])('%s', (kind) => {
  test('are let in where they may, and nowhere else', async () => {
    for (const [who, credentials] of Object.entries(lab.callers[kind])) {
      for (const { method, url, access } of lab.collector.routes) {
        const status = await ask(method, url, credentials);
        const isWrite = method !== 'GET' && method !== 'HEAD';
        const expected = kind === 'forged' ? forgedMay(who, access, isWrite) : EXPECTED[kind][access];
        expect([who, method, url, LET_IN.has(status) ? 'in' : status]).toEqual([who, method, url, expected]);
      }
    }
  });

  test('learn nothing of what is not there', async () => {
    for (const [who, credentials] of Object.entries(lab.callers[kind])) {
      const may = who === FOREIGN ? 403 : EXPECTED[kind].read;
      const expected = may === 'in' ? 404 : may;
      for (const url of ['/nowhere', '/api/v1/admin', '/api/v1/alerts/x/y', '/.git/config']) {
        expect([who, url, await ask('GET', url, credentials)]).toEqual([who, url, expected]);
      }
      const changing = kind === 'forged' ? 403 : expected;
      expect([who, await ask('DELETE', '/api/v1/alerts/x', credentials)]).toEqual([who, changing]);
    }
  });
});

test('an agent writes as itself alone, whatever else it says', async () => {
  const { otherAgents, agents } = lab.callers;
  const own = {
    'an agent of another node, with a static token': { cluster: 'demo', agent: 'node-b' },
    'an agent of another node': { cluster: 'demo', agent: 'node-b' },
    'an agent of another node, with a certificate': { cluster: 'demo', agent: 'node-b' },
    'an agent of another cluster, with a static token': { cluster: 'other', agent: 'node-z' },
    'an agent of another cluster': { cluster: 'other', agent: 'node-a' },
    'an agent of another cluster, with a certificate': { cluster: 'other', agent: 'node-a' },
    'an agent of a cluster whose API server is asked': { cluster: 'reviewed', agent: 'node-a' },
  };
  expect(Object.keys(own)).toEqual(Object.keys(otherAgents));
  for (const [who, as] of Object.entries(own)) {
    expect([who, (await lab.send(otherAgents[who] as Credentials, as)).status]).toEqual([who, 200]);
  }
  for (const as of [
    { cluster: 'demo', agent: 'node-b' },
    { cluster: 'other', agent: 'node-a' },
  ]) {
    const { token } = agents["an agent with its ServiceAccount's token"] as Credentials;
    const response = await lab.send({ token: token as string }, as);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining('the node node-a of the cluster demo alone'),
    });
  }
  // Of all nodes, but of one cluster.
  expect((await lab.send({ token: 'agent-of-here' }, { cluster: 'demo', agent: 'node-q' })).status).toBe(200);
});

test('what happens on a node is for its own agent to say: of another it is set aside, the rest is taken', async () => {
  const { token } = lab.callers.agents["an agent with its ServiceAccount's token"] as Credentials;
  const [own, foreign] = ['node-a', 'node-b'].map((node, n) => [
    read(n, { node, id: idOf(`read ${node}`) }),
    tokenFile(n, { node, id: idOf(`file ${node}`) }),
    status(n, { node, id: idOf(`status ${node}`) }),
  ]) as [object[], object[]];
  const body = lines(batch(0, [...foreign, ...own], { stream: 'demo/node-a/others' }));
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await lab.ask('POST', '/api/v1/batches', { token: token as string }, { headers, body });
  expect([response.status, await response.json()]).toEqual([200, { accepted: 3, duplicates: 0, rejected: 3 }]);
});

test('when the API server can not be asked that is said, and nobody is let in or sent away', async () => {
  lab.api.trouble = 500;
  const token = await lab.key.token({ claims: { iss: 'https://reviewed' }, node: 'node-c' });
  const response = await lab.send({ token });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  lab.api.trouble = undefined;
});

test('the log says why, now and then, and nobody is told a secret', async () => {
  const lines = lab.logged().split('\n').filter(Boolean);
  const told = lines.map((line) => JSON.parse(line) as { reason?: string }).flatMap(({ reason }) => reason ?? []);
  expect(new Set(told)).toEqual(
    new Set([
      'unknown-token',
      'unknown-issuer',
      'unknown-key',
      'bad-signature',
      'bad-algorithm',
      'wrong-audience',
      'expired',
      'not-yet-valid',
      'not-authenticated',
      'wrong-account',
      'no-node',
      'no-identity',
      'unknown-certificate',
      'unavailable',
      'login-unknown',
      'foreign-page',
      'no-csrf-token',
    ]),
  );
  // Hundreds were refused.
  expect(told.length).toBeLessThan(40);
  const tokens = Object.values(lab.callers).flatMap((callers) => Object.values(callers).map(({ token }) => token));
  const metrics = await (await lab.ask('GET', '/metrics', { token: 'the-viewer' })).text();
  expect(metrics).toMatch(/truant_errors_total\{component="identity",error_type="wrong-audience"\} [1-9]/);
  const everything = lab.logged() + answered + metrics;
  for (const token of tokens.filter((one) => one !== undefined)) {
    expect(everything).not.toContain(token);
    const signature = token.split('.')[2];
    if (signature && signature.length > 8) expect(everything).not.toContain(signature);
  }
  expect(everything).not.toContain('the-collectors-own');
  expect(everything).not.toContain('PRIVATE KEY');
});
