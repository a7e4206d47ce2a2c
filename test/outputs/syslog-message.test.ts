import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { syslogMessage, textRoom } from '../../collector/outputs/syslog/message.ts';
import type { AlertNotice, SummaryNotice } from '../../shared/formats/notice.ts';
import { type Alert, SEVERITIES } from '../../shared/schema/alert.ts';
import { printable } from '../../shared/text.ts';
import { alert } from '../collector/support/make.ts';

const SENDER = { facility: 13, hostname: 'collector-0', appName: 'truant', maxBytes: 8192 };

const noticeOf = (parts: Partial<Alert> = {}, more: Partial<AlertNotice> = {}): AlertNotice => ({
  kind: 'alert',
  id: 'shop/a1/3/update',
  event: 'update',
  alert: alert('a1', { cluster: 'shop', revision: 3, updatedAt: '2026-01-02T03:04:05.678901Z', ...parts }),
  ...more,
});

interface Parsed {
  pri: number;
  /** TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID. */
  header: string[];
  id: string;
  params: Record<string, string>;
  msg: string;
}

/** RFC 5424's grammar, one character after the other. */
function parse(bytes: Buffer): Parsed {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  let at = 0;
  const take = (expected: string): void => {
    if (!text.startsWith(expected, at)) throw new Error(`no ${expected} at ${at} of ${text}`);
    at += expected.length;
  };
  const until = (stops: string): string => {
    const from = at;
    while (at < text.length && !stops.includes(text.charAt(at))) at += 1;
    return text.slice(from, at);
  };
  take('<');
  const pri = Number(until('>'));
  take('>1 ');
  const header = Array.from({ length: 5 }, () => {
    const field = until(' ');
    expect(field).toMatch(/^[!-~]+$/);
    take(' ');
    return field;
  });
  take('[');
  const id = until(' ]');
  const params: Record<string, string> = {};
  while (text.charAt(at) === ' ') {
    take(' ');
    const name = until('=');
    expect(name).toMatch(/^[!-~]{1,32}$/);
    take('="');
    let value = '';
    while (text.charAt(at) !== '"') {
      if (text.charAt(at) === ']') throw new Error('] that is not escaped');
      if (text.charAt(at) === '\\') at += 1;
      value += text.charAt(at);
      at += 1;
    }
    take('"');
    params[name] = value;
  }
  take('] ');
  return { pri, header, id, params, msg: text.slice(at) };
}

test('a message says all that a server routes, counts and searches by', () => {
  const notice = noticeOf(
    {
      severity: 'high',
      confidence: 'medium',
      principal: 'system:serviceaccount:shop:cart',
      credential: 'JTI=1',
      title: 'Token read by a stranger, then used by one',
      rules: ['token-used-away-from-pod', 'token-stolen-and-used'],
      sources: [{ address: '203.0.113.7', where: 'internet', count: 3 }],
    },
    { isTest: true },
  );
  expect(parse(syslogMessage(notice, 'CEF:0|…', SENDER))).toEqual({
    pri: 13 * 8 + 2,
    header: ['2026-01-02T03:04:05.678901Z', 'collector-0', 'truant', '-', 'update'],
    id: 'truant@32473',
    params: {
      alert: 'a1',
      revision: '3',
      event: 'update',
      severity: 'high',
      confidence: 'medium',
      cluster: 'shop',
      notice: 'shop/a1/3/update',
      test: 'true',
      rule: 'token-stolen-and-used',
      source: '203.0.113.7',
      principal: 'system:serviceaccount:shop:cart',
      credential: 'JTI=1',
    },
    msg: 'CEF:0|…',
  });
});

test('a summary says how many', () => {
  const summary: SummaryNotice = {
    kind: 'summary',
    id: 'summary/siem/7',
    output: 'siem',
    since: '2026-01-02T03:04:05.000000Z',
    until: '2026-01-02T03:05:05.000000Z',
    total: 12,
    severities: { info: 0, low: 11, medium: 1, high: 0, critical: 0 },
    rules: [],
    alerts: [],
  };
  expect(parse(syslogMessage(summary, 'x', SENDER))).toEqual({
    pri: 13 * 8 + 3,
    header: [summary.until, 'collector-0', 'truant', '-', 'summary'],
    id: 'truant@32473',
    params: { notice: summary.id, event: 'summary', severity: 'medium', output: 'siem', total: '12' },
    msg: 'x',
  });
});

test('severities are those that docs/outputs/syslog.md lists', () => {
  const priorities = SEVERITIES.map((severity) => parse(syslogMessage(noticeOf({ severity }), '', SENDER)).pri % 8);
  expect(priorities).toEqual([5, 4, 3, 2, 1]);
});

test.each([
  ['no names at all', { hostname: '', appName: 'a' }, ['-', 'a']],
  ['names with spaces', { hostname: 'my host é', appName: 'tru ant' }, ['myhost', 'truant']],
  ['long names', { hostname: 'h'.repeat(300), appName: 'a'.repeat(60) }, ['h'.repeat(64), 'a'.repeat(48)]],
])('the header is right with %s', (_, sender, names) => {
  expect(parse(syslogMessage(noticeOf(), '', { ...SENDER, ...sender })).header.slice(1, 3)).toEqual(names);
});

test('what is sent again is the same to the letter', () => {
  expect(syslogMessage(noticeOf(), 'text', SENDER)).toEqual(syslogMessage(noticeOf(), 'text', SENDER));
});

describe('whatever others chose', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 700 });
  const short = fc.string({
    unit: fc.constantFrom('"', '\\', ']', '[', '=', ' ', '\n', '\0', 'é', '😀', 'a'),
    maxLength: 60,
  });

  test('comes back by a parser, shown as it is printed', () => {
    fc.assert(
      fc.property(short, short, short, (principal, cluster, id) => {
        const { params } = parse(syslogMessage(noticeOf({ principal, cluster, id }), 'text', SENDER));
        expect(params).toMatchObject({
          principal: printable(principal),
          cluster: printable(cluster),
          alert: printable(id),
        });
      }),
    );
  });

  test('is well formed, on one line, and within its bounds', () => {
    fc.assert(
      fc.property(anything, anything, fc.integer({ min: 480, max: 9000 }), (principal, cluster, maxBytes) => {
        const text = 'x'.repeat(textRoom(maxBytes));
        const notice = noticeOf({ principal, cluster }, { id: `${cluster}/a1/3/update` });
        const message = syslogMessage(notice, text, { ...SENDER, maxBytes });
        expect(message.length).toBeLessThanOrEqual(maxBytes);
        expect(message.includes('\n')).toBe(false);
        const { params, msg } = parse(message);
        expect(msg).toBe(text);
        expect(params['alert']).toBe('a1');
      }),
    );
  });
});
