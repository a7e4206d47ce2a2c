import { describe, expect, test } from 'vitest';
import { FAILURE_REASONS } from '../../collector/outputs/failure.ts';
import { outputTrouble } from '../../shared/output-trouble.ts';
import { deadLetter, outputStatus, retrying } from '../collector/support/outputs.ts';
import { ask } from './asking.ts';

describe('truant outputs', () => {
  test('how each is, what is wrong and what to do', async () => {
    const items = [
      outputStatus('archive', { type: 'file', target: '/var/log/alerts.ndjson', format: 'native', state: 'off' }),
      outputStatus('chat', { type: 'webhook', format: null }),
      retrying('siem', { deadLetters: 2, target: 'siem\u001b[2J:6514' }),
      outputStatus('was-here', { type: null, format: null, state: 'off', target: '', deadLetters: 1 }),
    ];
    const { code, lines, asked } = await ask(['outputs'], { body: { items } });
    expect(code).toBe(0);
    expect(asked.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual(['GET /api/v1/outputs']);
    expect(lines).toEqual([
      'STATE     NAME      TYPE     TARGET                  FORMAT  DELIVERED  WAITING  BEHIND  DEAD LETTERS',
      'off       archive   file     /var/log/alerts.ndjson  native         12        0     0 s             0',
      'ok        chat      webhook  siem.example:6514                      12        0     0 s             0',
      'retrying  siem      syslog   siem\\e[2J:6514          cef            12        3    61 s             2',
      'gone      was-here                                                  12        0     0 s             1',
      '',
      'What is wrong',
      '  siem: since 2025-06-01 12:00:00 UTC: It answers 401. Put the right token into the file. The next',
      '    attempt is at 2025-06-01 12:01:30 UTC.',
      '  siem: 2 dead letters. See truant outputs dead-letters siem; once it works, truant outputs replay',
      '    siem --all.',
      '  was-here: 1 dead letter. It is not configured any more: configure it again, or truant outputs',
      '    discard was-here --all.',
    ]);
  });

  test('when all is well there is the table alone; none; and as JSON', async () => {
    const items = [outputStatus('siem')];
    expect((await ask(['outputs', 'list'], { body: { items } })).lines).toHaveLength(2);
    expect((await ask(['outputs'], { body: { items: [] } })).stdout).toBe('no outputs\n');
    const { lines } = await ask(['outputs', '--json'], { body: { items } });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(items);
  });

  test('on a narrow terminal what matters most is left', async () => {
    const { lines } = await ask(
      ['outputs'],
      { body: { items: [outputStatus('siem')] } },
      { terminal: { columns: 61 }, env: { NO_COLOR: '1' } },
    );
    expect(lines).toEqual([
      'STATE  NAME  TYPE    DELIVERED  WAITING  BEHIND  DEAD LETTERS',
      'ok     siem  syslog         12        0     0 s             0',
    ]);
  });
});

describe('truant outputs dead-letters', () => {
  const items = [deadLetter(2), deadLetter(1, { title: 'a\u001b[2J' })];

  test('what could not be delivered, and why', async () => {
    const { lines, asked } = await ask(['outputs', 'dead-letters', 'siem'], { body: { items, next: null } });
    expect(asked[0]?.url.search).toBe('?output=siem&limit=100');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^GIVEN UP +OUTPUT +SEVERITY +TITLE +WHY +TRIES +CLUSTER +ALERT +ID$/);
    expect(lines[1]).toMatch(
      /^2025-06-01 12:00:02 +siem +critical +Token used .* timeout: It did not answer within 30 s\. +4 +demo +al_2 +dl_[0-9a-f]{20}$/,
    );
    expect(lines[2]).toContain('a\\e[2J');
  });

  test('none, page after page, and as JSON', async () => {
    const none = await ask(['outputs', 'dead-letters'], { body: { items: [], next: null } });
    expect([none.stdout, none.asked[0]?.url.search]).toEqual(['no dead letters\n', '?limit=100']);
    const { lines } = await ask(['outputs', 'dead-letters', '--json', '--limit', '0'], ({ searchParams }) => ({
      body: searchParams.has('cursor') ? { items: [items[1]], next: null } : { items: [items[0]], next: 'more' },
    }));
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(items);
  });

  test('of an output that is not there', async () => {
    const { code, stderr } = await ask(['outputs', 'dead-letters', 'typo'], { status: 404, body: { detail: 'No.' } });
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'truant: No.\n' });
  });
});

describe.each([
  ['replay', 'sent again'],
  ['discard', 'let go of'],
])('truant outputs %s', (verb, done) => {
  test.each([
    [['--all'], {}, 3, 0, `siem  3 dead letters ${done}`],
    [['dl_1'], { ids: ['dl_1'] }, 1, 0, `siem  1 dead letter ${done}`],
    [['dl_1', 'dl_2', 'dl_1'], { ids: ['dl_1', 'dl_2'] }, 1, 3, `siem  1 dead letter ${done}`],
  ])('%j', async (args, body, count, expected, line) => {
    const { code, stdout, stderr, asked } = await ask(['outputs', verb, 'siem', ...args], { body: { count } });
    expect(asked).toMatchObject([{ method: 'POST', url: { pathname: `/api/v1/outputs/siem/${verb}` }, body }]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: `${line}\n` });
    expect(stderr).toBe(expected === 0 ? '' : '1 of these ids is no dead letter of it\n');
  });

  test('more than one request may name are named in several', async () => {
    const ids = Array.from({ length: 1001 }, (_, n) => `dl_${n}`);
    const { stdout, asked } = await ask(['outputs', verb, 'siem', ...ids, '--json'], (_url, { body }) => ({
      body: { count: (body as { ids: string[] }).ids.length },
    }));
    expect(asked.map(({ body }) => (body as { ids: string[] }).ids.length)).toEqual([1000, 1]);
    expect(stdout).toBe('{"count":1001}\n');
  });

  test.each([[[]], [['dl_1', '--all']]])('takes ids or --all: %j', async (args) => {
    const { code, stderr, asked } = await ask(['outputs', verb, 'siem', ...args], { body: { count: 0 } });
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(`${verb} takes the ids of dead letters, or --all`);
  });

  test('who may not is told so', async () => {
    const { code, stderr } = await ask(['outputs', verb, 'a/b', '--all'], { status: 403, body: { detail: 'Admins.' } });
    expect(code).toBe(4);
    expect(stderr).toContain('Admins.');
  });
});

describe('truant outputs test', () => {
  const arrived = { ok: true, alert: 'al_test', milliseconds: 12.4, failure: null };
  const failed = (reason: string, detail: string, remedy: string | null) => ({
    ...arrived,
    ok: false,
    failure: { reason, detail, remedy },
  });

  test('has arrived', async () => {
    const { code, stdout, asked } = await ask(['outputs', 'test', 'siem'], { body: arrived });
    expect(asked).toMatchObject([{ method: 'POST', url: { pathname: '/api/v1/outputs/siem/test' } }]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'siem  the test alert al_test has arrived, after 12 ms\n',
    });
  });

  test.each([
    [
      failed('dns', 'There is no siem\u001b.example.', null),
      '(dns): There is no siem\\e.example. Check the name in the configuration, and that the DNS of the collector knows it.',
    ],
    [failed('tls', 'x.', 'Do this.'), '(tls): x. Do this.'],
    [failed('of a later version', 'x.', null), "(of a later version): x. Read the collector's log."],
  ])('has not: %j', async (body, words) => {
    const { code, lines } = await ask(['outputs', 'test', 'siem'], { body });
    expect(code).toBe(1);
    expect(lines.map((line) => line.trim()).join(' ')).toBe(
      `siem  the test alert did not arrive, after 12 ms ${words}`,
    );
    const json = await ask(['outputs', 'test', 'siem', '--json'], { body });
    expect({ code: json.code, body: JSON.parse(json.stdout) as unknown }).toEqual({ code: 1, body });
  });

  test.each([
    [404, 3],
    [403, 4],
    [503, 4],
  ])('that nobody sent (%i) did not arrive', async (status, expected) => {
    expect((await ask(['outputs', 'test', 'siem'], { status, body: { detail: 'No.' } })).code).toBe(expected);
  });
});

describe('why an output does not deliver', () => {
  test.each(FAILURE_REASONS)('%s has words, and something to do', (reason) => {
    const { means, todo } = outputTrouble({ reason, remedy: null });
    expect(means).not.toBe(outputTrouble({ reason: 'other', remedy: null }).means);
    expect(means).toMatch(/^[A-Z].*[^.]$/);
    expect(todo).toMatch(/^[A-Z].*\.$/);
    expect(outputTrouble({ reason, remedy: 'Do this.' })).toEqual({ means, todo: 'Do this.' });
  });

  test.each(['constructor', '__proto__', ''])('of a reason that is not known (%s) there are words too', (reason) => {
    expect(outputTrouble({ reason, remedy: null }).means).toBe('It does not deliver');
  });
});
