import { afterEach, describe, expect, test } from 'vitest';
import { readTime } from '../../cli/commands/api-options.ts';
import { type Answer, type FakeCollector, fakeCollector } from './fake-collector.ts';
import { truant } from './harness.ts';
import { alert, appeared, credentialLife, opened, placed, use } from './samples.ts';

let collector: FakeCollector | undefined;
afterEach(async () => {
  await collector?.close();
  collector = undefined;
});

async function ask(
  args: string[],
  answer: Answer | ((url: URL) => Answer),
  options: Parameters<typeof truant>[1] = {},
) {
  collector = await fakeCollector(typeof answer === 'function' ? answer : () => answer);
  return truant([...args, '--url', collector.url], options);
}

const page = (items: unknown[], next: string | null = null): Answer => ({ body: { items, next } });
const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe('truant history', () => {
  test('a table for people', async () => {
    const { code, stdout, stderr } = await ask(['history'], page([placed]));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^TIME +PRINCIPAL +SOURCE +PLACEMENT +CODE +WHAT +CREDENTIAL$/),
      expect.stringMatching(
        /^2030-01-01 12:00:00 {2}shop\/cart +203\.0\.113\.9 +away internet +200 {2}get secrets shop\/db-password {2}JTI=6f2f/,
      ),
      '',
    ]);
  });

  test('who read it and what became of its file, among its uses', async () => {
    const { opener, ...nobody } = opened.read;
    const host = {
      ...opened.read,
      outcome: 'denied',
      repeats: 3,
      opener: { ...opener, relation: 'host', pod: undefined, exe: '/bin/busybox' },
    };
    const items = [
      placed,
      opened,
      { ...opened, read: host },
      { ...opened, read: { ...nobody, lost: 'gone' } },
      appeared,
    ];
    const { stdout } = await ask(['history'], page(items));
    const rows = stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | ').replace(/ \| JTI=6f2f.*/, ''));
    expect(rows.slice(2)).toEqual([
      '2030-01-01 12:00:00 | shop/cart | shop/cart-7d9c4 | exec-session | read kube-api-access-x/token: /usr/bin/cat /run/token (pid 4242)',
      '2030-01-01 12:00:00 | shop/cart | node-a | host | read kube-api-access-x/token: /bin/busybox (as cat) /run/token (pid 4242), denied, and 3× before',
      '2030-01-01 12:00:00 | shop/cart | node-a | read kube-api-access-x/token: nobody knows who (gone)',
      '2030-01-01 12:00:00 | shop/cart | node-a | file kube-api-access-x/token appeared',
      '',
    ]);
  });

  test('one JSON object a line for programs, as the collector sent it', async () => {
    const { stdout } = await ask(['history', '--json'], page([placed, { ...placed, new: 'key' }]));
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([placed, { ...placed, new: 'key' }]);
  });

  test.each([
    ['history', placed],
    ['history', opened],
    ['alerts', { ...alert, id: 'al_0123456789abcdef0123' }],
  ])('%s fits a terminal of 80 columns', async (command, item) => {
    const { stdout } = await ask([command], page([item]), { terminal: { columns: 80 }, env: { NO_COLOR: '1' } });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain(command === 'alerts' ? 'al_0123456789abcdef0123' : '…');
  });

  test('every filter is passed on', async () => {
    await ask(
      [
        'history',
        '--json',
        '--since',
        '2030-01-01T00:00:00Z',
        '--until',
        '2030-01-02T00:00:00Z',
        '--cluster',
        'c',
        '--principal',
        'p',
        '--credential',
        'JTI=x',
        '--pod',
        'shop/cart',
        '--source',
        '::1',
        '--verb',
        'get',
        '--resource',
        'secrets',
        '--placement',
        'away',
        '--where',
        'internet',
        '--code',
        '403',
        '--kind',
        'denied',
        '--node',
        'node-a',
        '--user-agent',
        'curl/*',
        '-n',
        '5',
      ],
      page([]),
    );
    expect(Object.fromEntries(collector?.asked.at(-1)?.url.searchParams ?? [])).toEqual({
      since: '2030-01-01T00:00:00.000000Z',
      until: '2030-01-02T00:00:00.000000Z',
      cluster: 'c',
      principal: 'p',
      credential: 'JTI=x',
      pod: 'shop/cart',
      source: '::1',
      verb: 'get',
      resource: 'secrets',
      placement: 'away',
      where: 'internet',
      code: '403',
      kind: 'denied',
      node: 'node-a',
      userAgent: 'curl/*',
      limit: '5',
    });
  });

  test('reads page after page up to the limit, and says that there may be more', async () => {
    const answer = (url: URL): Answer => {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const count = Number(url.searchParams.get('limit'));
      return page(
        Array.from({ length: count }, (_, index) => ({
          ...placed,
          use: { ...use, source: { ...use.source, address: `10.0.0.${from + index}` } },
        })),
        String(from + count),
      );
    };
    const { stdout, stderr } = await ask(['history', '--limit', '450'], answer);
    expect(collector?.asked.map(({ url }) => url.searchParams.get('limit'))).toEqual(['200', '200', '50']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(451);
    expect(stdout).toContain('10.0.0.449');
    expect(stderr).toContain('the newest 450 are shown');
  });

  test('says so of a single one too', async () => {
    const { stderr } = await ask(['history', '--limit', '1'], page([placed]));
    expect(stderr).toBe('the newest one is shown; --limit shows more\n');
  });

  test('--limit 0 reads all there is', async () => {
    const answer = (url: URL) => (url.searchParams.has('cursor') ? page([placed]) : page([placed], 'more'));
    const { stdout, stderr } = await ask(['history', '--limit', '0', '--json'], answer);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });

  test('a page without items is the last one, whatever it says', async () => {
    const { code, stdout } = await ask(['history', '-n', '0'], page([], 'again'));
    expect(code).toBe(0);
    expect(stdout).toBe('nothing happened\n');
    expect(collector?.asked).toHaveLength(1);
  });

  test('of one credential: its story, then its uses; as JSON, its uses alone', async () => {
    const answer = (url: URL): Answer =>
      url.pathname.includes('/credentials/') ? { body: credentialLife } : page([placed]);
    const { code, stdout } = await ask(['history', '--credential', 'JTI=6f/2f', '--cluster', 'c'], answer);
    expect(code).toBe(0);
    expect(collector?.asked.map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
      '/api/v1/credentials/JTI%3D6f%2F2f?cluster=c',
      '/api/v1/history?credential=JTI%3D6f%2F2f&cluster=c&limit=100',
    ]);
    for (const text of [
      'pod shop/cart-7d9c4 on node node-a',
      '2030-01-01T11:00:00Z to system:node:node-a at 10.0.0.1',
      '3: 1 at home, 2 away, 0 unclear, 1 refused',
      '203.0.113.9 (2×), no address (1×)',
      '/var/lib/kubelet/pods/u-1/token on node node-a, rotated',
      '/usr/bin/cat, exec-session (2×), somebody unknown (1× denied)',
      'al_1',
      'get secrets shop/db-password',
    ]) {
      expect(stdout).toContain(text);
    }
    await collector?.close();
    const json = await ask(['history', '--credential', 'JTI=6f', '--json'], answer);
    expect(JSON.parse(json.stdout)).toEqual(placed);
  });

  test('text from outside stays text', async () => {
    const hostile = { ...use, request: { ...use.request, name: '\u001b[2J\u202e\nx' } };
    const args = ['x', '\u001b[2J\u202e\n'];
    const reader = { ...opened.read, opener: { ...opened.read.opener, exe: '\u202e', args } };
    for (const mode of [[], ['--json']]) {
      const items = [
        { ...placed, use: hostile },
        { ...opened, read: reader },
      ];
      const { stdout } = await ask(['history', ...mode], page(items));
      expect(stdout).not.toMatch(ACTIVE);
      await collector?.close();
    }
  });
});

describe('truant alerts', () => {
  test('a table for people', async () => {
    const { stdout } = await ask(['alerts', '--status', 'open', '--severity', 'high'], page([alert]));
    expect(stdout).toMatch(
      /^SEVERITY +SURE +STATUS +LAST SEEN +PRINCIPAL +USED FROM +WHERE +TITLE +ASSIGNEE +ID\ncritical +high +open +/,
    );
    expect(stdout).toMatch(/203\.0\.113\.9 +internet/);
    expect(Object.fromEntries(collector?.asked[0]?.url.searchParams ?? [])).toMatchObject({
      status: 'open',
      severity: 'high',
    });
  });

  test('none', async () => {
    expect((await ask(['alerts'], page([]))).stdout).toBe('no alerts\n');
  });

  describe('what can not be seen', () => {
    const answering = (status: Answer) => (url: URL) =>
      url.pathname === '/api/v1/status' ? status : page([{ ...alert, id: 'al_1' }]);

    test.each<[string, Answer, string]>([
      ['none', { body: { blindSpots: [] } }, ''],
      ['one', { body: { blindSpots: [{}] } }, '1 blind spot: see truant fleet\n'],
      ['several', { body: { blindSpots: [{}, {}] } }, '2 blind spots: see truant fleet\n'],
      ['an older collector', { body: { streams: [] } }, ''],
      [
        'no answer',
        { status: 503, body: { detail: 'busy\u001b[2J' } },
        "whether there are blind spots is not known: the collector at URL can't answer: busy\\e[2J\n",
      ],
      [
        'an answer that is none',
        { body: { blindSpots: 3 } },
        "whether there are blind spots is not known: the collector's answer is not one that this version can read\n",
      ],
    ])('%s', async (_name, status, says) => {
      for (const mode of [[], ['--json']]) {
        const { code, stdout, stderr } = await ask(['alerts', ...mode], answering(status));
        expect({ code, stderr: stderr.replace(collector?.url ?? '', 'URL') }).toEqual({ code: 0, stderr: says });
        expect(stdout).toContain('al_1');
        await collector?.close();
      }
    });

    test('is not said of one alert', async () => {
      await ask(['alerts', 'al_1'], { body: { ...alert, blindSpots: [{}] } });
      expect(collector?.asked.map(({ url }) => url.pathname)).toEqual([
        '/api/v1/alerts/al_1',
        '/api/v1/alerts/al_1/related',
      ]);
    });
  });

  test('one, with its story and how to end it', async () => {
    const { code, stdout } = await ask(['alerts', '3f0c9a'], { body: alert });
    expect(code).toBe(0);
    expect(collector?.asked[0]?.url.pathname).toBe('/api/v1/alerts/3f0c9a');
    for (const text of [
      'CRITICAL',
      alert.title,
      'pod shop/cart-7d9c4 on node node-a',
      '203.0.113.9 (internet, 2×)',
      '12:00:00  The token was used from 203.0.113.9',
      '2 × get secrets in shop (1 refused)',
      "kubectl delete pod -n 'shop' 'cart-7d9c4'",
      '2. Rotate what it could read.',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test('a story of one day has no days, and one of more has each of them once', async () => {
    const day = 86_400_000_000;
    const story = [0, 1_000_000, 8 * day, 8 * day + 1, 9 * day].map((after, index) => ({
      time: alert.story[0]!.time + after,
      sentence: `step ${index}`,
    }));
    const told = async (lines: typeof story): Promise<string[]> => {
      const { stdout } = await ask(['alerts', 'al_1'], { body: { ...alert, story: lines } });
      await collector?.close();
      const from = stdout.indexOf('What happened');
      return stdout.slice(from, stdout.indexOf('What it did')).trim().split('\n');
    };
    expect(await told(story.slice(0, 2))).toEqual(['What happened (UTC)', '  12:00:00  step 0', '  12:00:01  step 1']);
    expect(await told(story)).toEqual([
      'What happened (UTC)',
      '  2030-01-01',
      '  12:00:00  step 0',
      '  12:00:01  step 1',
      '  2030-01-09',
      '  12:00:00  step 2',
      '  12:00:00  step 3',
      '  2030-01-10',
      '  12:00:00  step 4',
    ]);
  });

  test('one, as JSON', async () => {
    expect(JSON.parse((await ask(['alerts', '3f0c9a', '--json'], { body: alert })).stdout)).toEqual(alert);
  });

  test('an id is only an id', async () => {
    await ask(['alerts', '../../healthz?x=1'], { status: 404, body: {} });
    expect(collector?.asked[0]?.url.pathname).toBe('/api/v1/alerts/..%2F..%2Fhealthz%3Fx%3D1');
  });
});

describe('when the collector does not answer as hoped', () => {
  test.each([
    {
      status: 400,
      code: 2,
      body: { detail: 'source must be an IP address' },
      says: 'truant: source must be an IP address',
    },
    { status: 401, code: 4, body: { title: 'Unauthorized' }, says: 'TRUANT_TOKEN' },
    { status: 403, code: 4, body: {}, says: 'refuses: HTTP status 403' },
    {
      status: 403,
      code: 4,
      body: { detail: 'This is for analysts, and not for a viewer.' },
      says: 'This is for analysts, and not for a viewer.\nPut the token of somebody who may do that into TRUANT_TOKEN.',
    },
    { status: 409, code: 3, body: { detail: 'It is closed.' }, says: 'truant: It is closed.\nLook at it as it is now' },
    { status: 404, code: 3, body: { detail: 'no alert 3f0c9a' }, says: 'no alert 3f0c9a' },
    { status: 404, code: 4, body: '<html>', says: 'is no collector of this version' },
    { status: 503, code: 4, body: 'busy', says: "can't answer: HTTP status 503" },
    { status: 200, code: 4, body: '<html>', says: 'is no collector of this version' },
    { status: 200, code: 4, body: { items: 'x' }, says: 'is no collector of this version' },
    { status: 200, code: 4, body: { items: [{ id: 1 }], next: null }, says: 'not one that this version can read' },
    { status: 500, code: 4, body: { detail: '\u001b[2J' }, says: '\\e[2J' },
  ])('$status $body', async ({ status, code, body, says }) => {
    const ran = await ask(['alerts'], { status, body });
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).not.toMatch(ACTIVE);
  });

  test('below another path than its own', async () => {
    collector = await fakeCollector(() => ({ status: 404, body: { detail: 'There is nothing here.' } }));
    const { code, stderr } = await truant(['alerts', '--url', `${collector.url}/healthz`]);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `truant: There is nothing here.\nName the collector by its base address, with --url or TRUANT_URL: ${collector.url}, without /healthz.\n`,
    );
    await collector.close();
    expect((await ask(['alerts'], { status: 404, body: { detail: 'no alert' } })).stderr).toBe('truant: no alert\n');
  });

  test('nobody there', async () => {
    collector = await fakeCollector(() => page([]));
    await collector.close();
    const { code, stderr } = await truant(['alerts'], { env: { TRUANT_URL: collector.url } });
    expect(code).toBe(4);
    expect(stderr).toContain(`no collector answers at ${collector.url}: `);
    expect(stderr).toContain('TRUANT_URL');
  });

  test('what is no URL is wrong usage', async () => {
    expect((await truant(['alerts', '--url', 'collector'])).code).toBe(2);
  });
});

describe('the token', () => {
  const env = { TRUANT_TOKEN: 'a-secret' };

  test('is sent to the collector, and only if there is one', async () => {
    await ask(['alerts'], page([]), { env });
    expect(collector?.asked[0]?.headers.authorization).toBe('Bearer a-secret');
    await collector?.close();
    await ask(['alerts'], page([]));
    expect(collector?.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('follows no redirect', async () => {
    const other = await fakeCollector(() => page([]));
    const { code } = await ask(['alerts'], { status: 302, headers: { location: other.url }, body: '' }, { env });
    expect(code).toBe(4);
    expect(other.asked).toEqual([]);
    await other.close();
  });
});

test('times are exact or so long ago', () => {
  const clock = { now: () => 1_893_499_200_000_000 };
  expect(readTime('2030-01-01T14:00:00+02:00', clock)).toBe('2030-01-01T12:00:00.000000Z');
  expect(readTime('90s', clock)).toBe('2030-01-01T11:58:30.000000Z');
  expect(readTime('15m', clock)).toBe('2030-01-01T11:45:00.000000Z');
  expect(readTime('24h', clock)).toBe('2029-12-31T12:00:00.000000Z');
  expect(readTime('7d', clock)).toBe('2029-12-25T12:00:00.000000Z');
  for (const wrong of ['', '15', '1w', 'yesterday', '-1h'])
    expect(() => readTime(wrong, clock)).toThrow(/must be a time/);
});
