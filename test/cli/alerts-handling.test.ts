import { describe, expect, test } from 'vitest';
import { readEnd } from '../../cli/commands/api-options.ts';
import { exceptionsFor } from '../../cli/handling/exceptions-for.ts';
import type { Finding } from '../../shared/schema/alert.ts';
import { ask } from './asking.ts';
import type { Answer, Asked } from './fake-collector.ts';
import { alert } from './samples.ts';

const ACTIONS = '/api/v1/alerts/actions';
const finding: Finding = {
  id: 'f1',
  rule: 'token-used-away-from-pod',
  title: 'used away',
  severity: 'critical',
  confidence: 'high',
  confidenceWhy: 'outside',
  summary: 'used away',
  time: 1,
  principal: alert.principal,
  source: '203.0.113.9',
  observations: ['o1'],
  keys: ['credential:x'],
  attack: [],
};

/** Knows every alert that is not called missing, and refuses to do anything about one that is called busy. */
const collector =
  (findings: Finding[] = []) =>
  ({ pathname }: URL, { body }: Asked): Answer => {
    if (pathname !== ACTIONS) {
      const id = pathname.slice('/api/v1/alerts/'.length);
      if (id === 'missing') return { status: 404, body: { detail: 'There is no alert with that id.' } };
      return { body: { ...alert, id, cluster: 'c1', findings } };
    }
    const { alerts, do: what } = body as { alerts: { cluster: string; id: string }[]; do: { action: string } };
    const items = alerts.map(({ cluster, id }) =>
      id === 'busy'
        ? { cluster, id, problem: 'It is closed.\u001b[2J' }
        : { cluster, id, alert: { ...alert, id, cluster, status: what.action } },
    );
    return { body: { items } };
  };
const posted = (asked: Asked[]) => asked.filter(({ method }) => method === 'POST');

describe('what is asked for', () => {
  test.each<[string, string[], unknown]>([
    ['ack', [], { action: 'acknowledge' }],
    ['ack', ['--note', 'mine'], { action: 'acknowledge', note: 'mine' }],
    ['assign', ['--to', 'alice'], { action: 'assign', assignee: 'alice' }],
    ['assign', ['--nobody'], { action: 'assign', assignee: null }],
    ['close', ['--reason', 'true-positive'], { action: 'close', reason: 'true-positive' }],
    ['close', ['--reason', 'benign', '--note', 'scan'], { action: 'close', reason: 'benign', note: 'scan' }],
    ['reopen', [], { action: 'reopen' }],
    ['comment', ['--note', 'asked'], { action: 'comment', note: 'asked' }],
  ])('%s %j', async (command, options, expected) => {
    const { code, stdout, stderr, asked } = await ask(['alerts', command, 'al_1', ...options], collector());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(posted(asked)).toMatchObject([
      {
        url: { pathname: ACTIONS },
        headers: { 'content-type': 'application/json' },
        body: { alerts: [{ cluster: 'c1', id: 'al_1' }], do: expected },
      },
    ]);
    expect(stdout).toMatch(/^al_1 {2}\w+ {2}shop\/cart: ServiceAccount token used/);
  });

  test.each<[string[], string]>([
    [['assign', 'al_1'], '--to WHO, or --nobody'],
    [['assign', 'al_1', '--nobody', '--to', 'x'], 'cannot be used with'],
    [['comment', 'al_1'], '--note TEXT'],
    [['comment', 'al_1', '--note', ' '], '--note TEXT'],
    [['close', 'al_1'], "required option '--reason <reason>'"],
    [['close', 'al_1', '--reason', 'bored'], 'true-positive, false-positive, benign'],
    [['close', 'al_1', '--reason', 'benign', '--expires', '30d'], 'goes with --except'],
    [['close', 'al_1', '--reason', 'benign', '--except', '--expires', '2001-01-01T00:00:00Z'], 'a time to come'],
    [['close', 'al_1', '--reason', 'true-positive', '--except'], 'would keep the next one back'],
    [['ack'], "missing required argument 'ids'"],
    [['list', '--status', 'open,shut'], 'one or more of open, acknowledged, closed'],
    [['--status', 'open', 'ack', 'al_1'], 'too many arguments'],
  ])('%j is wrong usage, and nothing is asked for', async (args, says) => {
    const { code, stderr, asked } = await ask(['alerts', ...args], collector());
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(says);
  });
});

describe('several', () => {
  test('are one request, each once; whose they are is asked first', async () => {
    const { lines, asked } = await ask(['alerts', 'ack', 'a', 'b', 'a'], collector());
    expect(asked.map(({ url }) => url.pathname)).toEqual(['/api/v1/alerts/a', '/api/v1/alerts/b', ACTIONS]);
    expect(asked.at(-1)?.body).toMatchObject({ alerts: [{ id: 'a' }, { id: 'b' }] });
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['a', 'b']);
  });

  test('of a cluster that is named are not asked for', async () => {
    const { asked } = await ask(['alerts', 'ack', 'a', 'b', '--cluster', 'c2'], collector());
    expect(asked.map(({ body }) => body)).toEqual([
      {
        alerts: [
          { cluster: 'c2', id: 'a' },
          { cluster: 'c2', id: 'b' },
        ],
        do: { action: 'acknowledge' },
      },
    ]);
  });

  test('more than a request may have are several', async () => {
    const ids = Array.from({ length: 201 }, (_, n) => `al_${n}`);
    const { asked, lines } = await ask(['alerts', 'ack', '--cluster', 'c', ...ids], collector());
    expect(asked.map(({ body }) => (body as { alerts: unknown[] }).alerts.length)).toEqual([200, 1]);
    expect(lines).toHaveLength(201);
  });

  test('each that failed is told, the others are done, and the exit code says so', async () => {
    const { code, stdout, stderr } = await ask(['alerts', 'ack', 'a', 'missing', 'busy'], collector());
    expect(code).toBe(3);
    expect(stdout).toMatch(/^a {2}acknowledge {2}.*\n$/);
    expect(stderr).toBe(
      'missing  nothing was done: There is no alert with that id.\nbusy  nothing was done: It is closed.\\e[2J\n',
    );
  });

  test('as JSON, one a line', async () => {
    const { code, lines } = await ask(['alerts', 'ack', 'a', 'missing', 'busy', '--json'], collector());
    expect(code).toBe(3);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { id: 'missing', problem: 'There is no alert with that id.' },
      { cluster: 'c1', id: 'a', alert: { ...alert, id: 'a', cluster: 'c1', status: 'acknowledge' } },
      { cluster: 'c1', id: 'busy', problem: 'It is closed.\u001b[2J' },
    ]);
  });

  test('an answer that says nothing of one is no success', async () => {
    const { code, stderr } = await ask(['alerts', 'ack', 'a', '--cluster', 'c'], { body: { items: [] } });
    expect(code).toBe(3);
    expect(stderr).toBe('a  nothing was done: the collector says nothing about it\n');
  });

  test('who may not is told whose it is', async () => {
    const refusal = { status: 403, body: { detail: 'This is for analysts and administrators, and not for a viewer.' } };
    const { code, stderr } = await ask(['alerts', 'ack', 'a', '--cluster', 'c'], refusal);
    expect(code).toBe(4);
    expect(stderr).toContain('for analysts and administrators, and not for a viewer');
  });
});

describe('never again', () => {
  const other = { ...finding, id: 'f2', rule: 'stale-token' };
  const args = ['alerts', 'close', 'al_1', '--reason', 'false-positive', '--except'];

  test('is for each rule, principal and source of its findings, once', async () => {
    const { asked, lines } = await ask(args, collector([finding, other, { ...finding, id: 'f3' }]));
    const terms = { principal: alert.principal, source: '203.0.113.9' };
    expect(asked.at(-1)?.body).toMatchObject({
      do: {
        action: 'close',
        reason: 'false-positive',
        exceptions: [
          { rule: 'token-used-away-from-pod', ...terms },
          { rule: 'stale-token', ...terms },
        ],
      },
    });
    expect(lines.slice(1)).toEqual([
      '  never again: token-used-away-from-pod, of shop/cart, from 203.0.113.9',
      '  never again: stale-token, of shop/cart, from 203.0.113.9',
    ]);
  });

  test('of several alerts, each with its own', async () => {
    const { asked } = await ask([...args, 'al_2', '--cluster', 'c1'], collector([finding]));
    expect(posted(asked).map(({ body }) => (body as { alerts: { id: string }[] }).alerts)).toEqual([
      [{ cluster: 'c1', id: 'al_1' }],
      [{ cluster: 'c1', id: 'al_2' }],
    ]);
  });

  test('until a time, where one is given', async () => {
    const { asked } = await ask([...args, '--expires', '2255-01-01T00:00:00Z'], collector([finding]));
    expect(asked.at(-1)?.body).toMatchObject({ do: { exceptionsExpireAt: 8_993_721_600_000_000 } });
  });

  test('an alert without findings is not closed: there is nothing to except', async () => {
    const { code, stderr, asked } = await ask(args, collector([]));
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'al_1  nothing was done: it has no findings to except\n' });
    expect(posted(asked)).toEqual([]);
  });

  test('more than anybody could mean are refused', () => {
    const many = Array.from({ length: 101 }, (_, n) => ({ ...finding, source: `10.0.0.${n}` }));
    expect(exceptionsFor(many.slice(1))).toHaveLength(100);
    expect(() => exceptionsFor(many)).toThrow('101 exceptions');
  });

  test('an end is a time to come, or how long from now', () => {
    const clock = { now: () => 1_893_499_200_000_000 };
    expect(readEnd('30d', clock)).toBe(1_893_499_200_000_000 + 30 * 86_400_000_000);
    expect(readEnd('2030-01-01T12:00:01Z', clock)).toBe(1_893_499_201_000_000);
    for (const wrong of ['0s', '2030-01-01T12:00:00Z', 'never', ''])
      expect(() => readEnd(wrong, clock)).toThrow(/to come/);
  });
});

describe('one alert', () => {
  const record = {
    cluster: 'kubernetes',
    alert: alert.id,
    time: alert.story[0]!.time,
    by: 'alice',
    action: 'close',
    note: 'a scan\u001b[2J',
    assignee: null,
    reason: 'benign',
    exceptions: ['ex_1', 'ex_2'],
  };
  const activity = [
    { ...record, by: 'truant', action: 'reopen', note: null },
    record,
    { ...record, action: 'assign', assignee: 'bob', note: '' },
    { ...record, action: 'assign', note: null },
    { ...record, action: 'constructor', note: null },
  ];
  const closed = {
    ...alert,
    status: 'closed',
    assignee: 'bob',
    resolution: { reason: 'benign', note: 'a scan', by: 'alice', at: '2030-01-02T00:00:00.000000Z' },
    activity,
  };

  test('has what was done about it, and what is related', async () => {
    const related = { items: [{ alert: { ...alert, id: 'al_2' }, because: ['source', 'principal'] }] };
    const { stdout, stderr } = await ask(['alerts', 'show', '3f0c9a'], {
      '/api/v1/alerts/3f0c9a': { body: closed },
      '/api/v1/alerts/3f0c9a/related': { body: related },
    });
    expect(stderr).toBe('');
    for (const text of [
      'assigned to bob',
      'closed      as benign by alice at 2030-01-02T00:00:00Z: a scan',
      '2030-01-01 12:00:00  truant opened it again\n',
      'alice closed it as benign, never again: ex_1, ex_2: a scan\\e[2J\n',
      'alice assigned it to bob\n',
      'alice assigned it to nobody\n',
      'alice constructor\n',
      'al_2  critical, open, shop/cart: ServiceAccount token used away from where it belongs',
      '(same source, principal)',
    ]) {
      expect(stdout.replace(/\n {4}(?=\S)/g, ' ')).toContain(text);
    }
  });

  test('is right without what is related, which is said', async () => {
    const { code, stderr } = await ask(['alerts', 'show', '3f0c9a'], { '/api/v1/alerts/3f0c9a': { body: alert } });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'which alerts are related is not known: There is no /api/v1/alerts/3f0c9a/related.\n',
    });
  });
});

describe('the list', () => {
  test('every filter is passed on', async () => {
    const { asked, stderr } = await ask(
      'alerts list --status open,closed --order worst --text a+b --assignee alice --source ::1 --rule r --credential JTI=1 -n 1'
        .split(' ')
        .map((word) => word.replace('+', ' ')),
      { body: { items: [{ ...closedAlert, id: 'al_1' }], next: null, blindSpots: [] } },
    );
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
      status: 'open,closed',
      order: 'worst',
      q: 'a b',
      assignee: 'alice',
      source: '::1',
      rule: 'r',
      credential: 'JTI=1',
      limit: '1',
    });
    expect(stderr).toBe('the worst one is shown; --limit shows more\n');
  });

  const closedAlert = {
    ...alert,
    status: 'closed',
    assignee: 'alice',
    resolution: { reason: 'benign', note: '', by: 'alice', at: '2030-01-02T00:00:00.000000Z' },
  };
  test('says what it turned out to be, and who looks after it', async () => {
    const { stdout } = await ask(['alerts'], { body: { items: [closedAlert], next: null, blindSpots: [] } });
    expect(stdout).toMatch(/closed: benign .* alice +3f0c9a/);
  });
});
