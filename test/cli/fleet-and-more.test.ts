import { describe, expect, test } from 'vitest';
import { spanText } from '../../cli/ui/fleet.ts';
import type { Exception } from '../../shared/schema/handling.ts';
import { ask } from './asking.ts';
import { credentialLife, use } from './samples.ts';

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

describe('truant fleet', () => {
  const blind = {
    cluster: 'c',
    node: 'node-b',
    source: 'audit-file',
    status: 'blind',
    reason: 'unreadable',
    detail: 'The audit log can not be read.\u001b[2J',
    time: use.time,
  };
  const agent = {
    cluster: 'c',
    agent: 'node-a',
    health: 'ok',
    because: null,
    version: '0.1.0',
    startedAt: null,
    firstSeen: use.time,
    lastSeen: use.time,
    newest: null,
    lag: 0,
    waiting: { records: 3, bytes: 100 },
    parts: [],
    accepted: 9,
    rejected: 0,
    missing: 0,
    blindSpots: [],
  };
  const sick = {
    ...agent,
    agent: 'node-b',
    health: 'blind',
    because: 'it says so',
    version: null,
    lag: null,
    waiting: null,
    blindSpots: [blind],
  };
  const silent = { ...agent, agent: 'node-c', health: 'silent', because: 'nothing was heard', version: '0.0.9' };
  const fleet = (agents: object[], blindSpots: object[] = []) => ({
    body: { time: use.time + 30 * SECOND, version: '0.1.0', agents, blindSpots },
  });

  test('agents, and what can not be seen', async () => {
    const { code, lines } = await ask(['fleet'], fleet([agent, sick], [{ ...blind, node: null }]));
    expect(code).toBe(0);
    expect(lines).toEqual([
      'HEALTH  AGENT   CLUSTER  VERSION  HEARD OF  BEHIND  WAITING  LOST  WHY',
      'blind   node-b  c        unknown  30 s ago                      0  it says so',
      'ok      node-a  c        0.1.0    30 s ago     0 s        3     0',
      '',
      'What can not be seen',
      '  node node-b of cluster c, audit-file, blind since 2030-01-01 12:00:00: The audit log can not be',
      '    read.\\e[2J',
      '  cluster c, audit-file, blind since 2030-01-01 12:00:00: The audit log can not be read.\\e[2J',
    ]);
  });

  test('none', async () => {
    expect((await ask(['fleet'], fleet([]))).stdout).toBe('no agents\n');
  });

  test('as JSON, whole', async () => {
    const { lines } = await ask(['fleet', '--json'], fleet([agent]));
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([fleet([agent]).body]);
  });

  test.each([
    [[], [silent, sick], 0],
    [['--fail-on', 'late'], [agent], 0],
    [['--fail-on', 'late'], [agent, sick], 1],
    [['--fail-on', 'blind'], [sick], 1],
    [['--fail-on', 'silent'], [sick], 0],
    [['--fail-on', 'silent'], [sick, silent], 1],
    [['--fail-on', 'silent'], [{ ...agent, health: 'of a later version' }], 1],
  ])('%j', async (args, agents, expected) => {
    expect((await ask(['fleet', ...args], fleet(agents))).code).toBe(expected);
    expect((await ask(['fleet', '--json', ...args], fleet(agents))).code).toBe(expected);
  });

  test('a fleet that nobody tells of is not well', async () => {
    expect((await ask(['fleet', '--fail-on', 'silent'], { status: 503, body: {} })).code).toBe(4);
  });

  test.each([
    [-1, '0 s'],
    [119 * SECOND, '119 s'],
    [120 * SECOND, '2 min'],
    [119 * 60 * SECOND, '119 min'],
    [DAY / 2, '12 h'],
    [3 * DAY, '3 days'],
  ])('%i microseconds are %s', (span, text) => {
    expect(spanText(span)).toBe(text);
  });
});

describe('truant credential', () => {
  const id = 'JTI=6f/2f';
  const path = `/api/v1/credentials/${encodeURIComponent(id)}`;
  const line = {
    event: 'issued',
    time: use.time,
    until: null,
    count: 1,
    sentence: 'The kubelet had it issued.',
    placement: null,
    source: null,
    observation: null,
  };
  const timeline = {
    cluster: 'kubernetes',
    id,
    lines: [
      line,
      {
        ...line,
        event: 'used',
        placement: 'away',
        until: use.time + 5 * SECOND,
        count: 4,
        sentence: 'Used\u001b[2J from afar.',
      },
      { ...line, event: 'read', until: use.time + DAY, count: 3, sentence: 'Read by cat.' },
      { ...line, event: 'used', until: use.time + 5, count: 2, sentence: 'Used at once.' },
      { ...line, event: 'read', until: null, count: 42, sentence: 'Read by dd.' },
    ],
    left: 2,
  };
  const answers = { [path]: { body: credentialLife }, [`${path}/timeline`]: { body: timeline } };

  test('whose it is, and its life', async () => {
    const { code, stdout, asked } = await ask(['credential', id, '--cluster', 'kubernetes'], answers);
    expect(code).toBe(0);
    expect(stdout).toContain('pod shop/cart-7d9c4 on node node-a');
    expect(stdout).toContain(
      [
        '  Its life (UTC)',
        '  2030-01-01 12:00:00  The kubelet had it issued.',
        '  2030-01-01 12:00:00  Used\\e[2J from afar. (until 12:00:05)',
        '  2030-01-01 12:00:00  Read by cat. (3×, until 2030-01-02 12:00:00)',
        '  2030-01-01 12:00:00  Used at once.',
        '  2030-01-01 12:00:00  Read by dd. (42× until then)',
        '  2 more lines are left out in between',
      ].join('\n'),
    );
    expect(asked.map(({ url }) => url.search)).toEqual(['?cluster=kubernetes', '?cluster=kubernetes']);
  });

  test('as JSON, both', async () => {
    const { lines } = await ask(['credential', id, '--json'], answers);
    expect(lines.map((text): unknown => JSON.parse(text))).toEqual([{ credential: credentialLife, timeline }]);
  });

  test('of several clusters, one has to be named', async () => {
    const detail = 'cluster must be given, one of a, b: several know that id';
    const { code, stderr } = await ask(['credential', id], { status: 400, body: { detail } });
    expect({ code, stderr }).toEqual({ code: 2, stderr: `truant: ${detail}\n` });
  });
});

describe('truant exceptions', () => {
  const exception: Exception = {
    id: 'ex_0123456789abcdef0123',
    rule: 'stale-token',
    principal: use.principal,
    source: '203.0.113.0/24',
    cluster: null,
    reason: 'our scanner\u001b[2J',
    alert: 'al_1',
    createdBy: 'alice',
    createdAt: 1,
    expiresAt: null,
    revokedBy: null,
    revokedAt: null,
    suppressed: 12,
    lastSuppressed: use.time,
  };

  test('with how often they kept something back', async () => {
    const items = [
      exception,
      { ...exception, source: null, expiresAt: 8_993_721_600_000_000 },
      { ...exception, expiresAt: DAY },
      { ...exception, expiresAt: DAY, revokedAt: 2 * DAY, revokedBy: 'bob' },
    ];
    const { lines, asked } = await ask(['exceptions', '--cluster', 'c'], { body: { items } });
    expect(asked[0]?.url.search).toBe('?cluster=c&state=active');
    expect(lines[0]).toMatch(/^RULE +PRINCIPAL +FROM +STATE +KEPT BACK +LAST +BY +CLUSTER +REASON +ID$/);
    expect(lines[1]).toMatch(
      /^stale-token +shop\/cart +203\.0\.113\.0\/24 +in force +12 +2030-01-01 +alice +every +our scanner\\e\[2J +ex_0/,
    );
    expect(lines.slice(2).map((line) => /(anywhere|\/24) +(.*?) {2}/.exec(line)?.[2])).toEqual([
      'in force to 2255-01-01',
      'expired 1970-01-02',
      'revoked 1970-01-03',
    ]);
  });

  test('none, all, and as JSON', async () => {
    expect((await ask(['exceptions'], { body: { items: [] } })).stdout).toBe('no exceptions\n');
    const { lines, asked } = await ask(['exceptions', 'list', '--state', 'all', '--json'], {
      body: { items: [exception] },
    });
    expect(asked[0]?.url.search).toBe('?state=all');
    expect(lines.map((text): unknown => JSON.parse(text))).toEqual([exception]);
  });

  test('are revoked', async () => {
    const body = { ...exception, revokedBy: 'bob', revokedAt: use.time };
    const { stdout, asked } = await ask(['exceptions', 'revoke', 'ex/1'], { body });
    expect(asked).toMatchObject([{ method: 'POST', url: { pathname: '/api/v1/exceptions/ex%2F1/revoke' }, body: {} }]);
    expect(stdout).toBe(
      'ex_0123456789abcdef0123  revoked by bob at 2030-01-01T12:00:00Z: stale-token, of shop/cart, from 203.0.113.0/24\n',
    );
    const json = await ask(['exceptions', 'revoke', 'ex_1', '--json'], { body });
    expect(JSON.parse(json.stdout)).toEqual(body);
  });

  test('what is not there is told', async () => {
    const { code, stderr } = await ask(['exceptions', 'revoke', 'ex_1'], { status: 404, body: { detail: 'No such.' } });
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'truant: No such.\n' });
  });
});
