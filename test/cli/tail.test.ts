import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Api } from '../../cli/api.ts';
import { follow, type LiveEvent } from '../../cli/live.ts';
import { ask } from './asking.ts';
import { type Answer, type Asked, type FakeCollector, fakeCollector } from './fake-collector.ts';
import { alert, placed } from './samples.ts';

const SSE = { 'content-type': 'text/event-stream' };
const sent = (event: string, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** What a stream says before it is broken off. */
const stream = (...texts: string[]): Answer => ({
  headers: SSE,
  body: (response: ServerResponse) => response.write(texts.join(''), () => response.destroy()),
});
/** What a stream says before it says no more. */
const silent = (text = ''): Answer => ({
  headers: SSE,
  body: (response: ServerResponse) => response.write(`:\n\n${text}`),
});

describe('truant tail', () => {
  /** Tells all of it, and is stopped as with Ctrl-C when it connects again. */
  async function tail(args: string[], text: string, terminal?: { columns: number }) {
    const stop = new AbortController();
    let times = 0;
    const answer = (): Answer => {
      times += 1;
      if (times === 1) return stream(text);
      stop.abort();
      return silent();
    };
    return ask(['tail', ...args], answer, { stop: stop.signal, ...(terminal && { terminal, env: { NO_COLOR: '1' } }) });
  }
  const first = { ...alert, revision: 1 };

  test('an alert is a line, when it says something new; Ctrl-C ends it well', async () => {
    const { code, lines, asked, stderr } = await tail(
      [],
      [
        sent('alert', first, 1),
        sent('alert', { ...first, revision: 2, lastSeen: '2030-01-01T13:00:00.000000Z' }, 2),
        sent('alert', { ...first, revision: 3, status: 'acknowledged', assignee: 'bob' }, 3),
        sent('alert', { ...first, cluster: 'other', revision: 4 }, 4),
        sent('news', { of: 'a later version' }),
      ].join(''),
    );
    expect(code).toBe(0);
    expect(lines).toEqual([
      '2030-01-01 12:00:05  CRITICAL  3f0c9a  open  shop/cart  203.0.113.9 (internet)  ServiceAccount token used away from where it belongs',
      '2030-01-01 12:00:05  CRITICAL  3f0c9a  acknowledged, bob  shop/cart  203.0.113.9 (internet)  ServiceAccount token used away from where it belongs',
      '2030-01-01 12:00:05  CRITICAL  3f0c9a  open  shop/cart  203.0.113.9 (internet)  ServiceAccount token used away from where it belongs',
    ]);
    expect(stderr).toMatch(/^the connection is lost: .*; trying again until it is there\n/);
    expect(asked.map(({ url }) => `${url.pathname}${url.search}`)).toEqual(['/api/v1/live', '/api/v1/live']);
  });

  test('uses too, and what was left out of them', async () => {
    const { lines, asked, stderr } = await tail(
      ['--uses', '--principal', 'shop/cart', '--placement', 'away'],
      sent('use', placed) + sent('left-out', { count: 3 }) + sent('reset', {}),
    );
    expect(asked[0]?.url.search).toBe('?uses=true&principal=shop%2Fcart&placement=away');
    expect(lines).toEqual([
      '2030-01-01 12:00:00  use       shop/cart  203.0.113.9  away internet  200  get secrets shop/db-password',
    ]);
    expect(stderr).toContain('3 uses left out: more than a stream tells\nthe collector has another store than before');
  });

  test('as JSON, one event a line', async () => {
    const { lines } = await tail(['--json'], sent('alert', first, 1) + sent('news', { x: '\u202e' }));
    expect(lines).toEqual([expect.stringMatching(/^\{"event":"alert"/), '{"event":"news","data":{"x":"\\u202e"}}']);
    expect(JSON.parse(lines[0] ?? '')).toEqual({ event: 'alert', data: first });
  });

  test('fits the terminal, and hostile text is text', async () => {
    const { lines } = await tail([], sent('alert', { ...first, title: `\u001b[2J${'x'.repeat(300)}` }, 1), {
      columns: 90,
    });
    expect(lines[0]).toMatch(/\\e\[2Jx+…$/);
    expect(lines[0]).toHaveLength(90);
  });

  test.each<[string, string]>([
    ['no JSON', 'event: alert\ndata: {\n\n'],
    ['no alert', sent('alert', { id: 1 })],
  ])('%s is told, and ends it', async (_name, text) => {
    const { code, stderr } = await tail([], text);
    expect(code).toBe(4);
    expect(stderr).toContain('not one that this version can read');
  });

  test.each<[Answer, number, string]>([
    [{ status: 401, body: { detail: 'No token.' } }, 4, 'No token.'],
    [{ status: 429, body: { detail: 'Too many listen.' } }, 4, 'Too many listen.'],
    [{ body: { items: [] } }, 4, 'is no collector of this version'],
  ])('who is refused at once is told so: %j', async (answer, expected, says) => {
    const { code, stderr } = await ask(['tail'], answer);
    expect(code).toBe(expected);
    expect(stderr).toContain(says);
  });

  test('filters without uses are wrong usage', async () => {
    expect(await ask(['tail', '--placement', 'away'], { body: {} })).toMatchObject({ code: 2, asked: [] });
  });
});

describe('a stream that breaks off', () => {
  async function followed(answers: Answer[], options: { silenceMs?: number } = {}) {
    const stop = new AbortController();
    const pauses: number[] = [];
    const events: LiveEvent[] = [];
    const troubles: string[] = [];
    let collector: FakeCollector | undefined;
    try {
      collector = await fakeCollector(() => {
        const answer = answers.shift();
        if (answer) return answer;
        stop.abort();
        return silent();
      });
      const api = new Api({ url: collector.url });
      const told = follow(api, {
        query: {},
        signal: stop.signal,
        onTrouble: (message) => troubles.push(message.replace(/: .*;/, ';')),
        pause: async (ms) => void pauses.push(ms),
        ...options,
      });
      let error: unknown;
      try {
        for await (const event of told) events.push(event);
      } catch (cause) {
        error = cause;
      }
      return { asked: collector.asked, pauses, events, troubles, error };
    } finally {
      await collector?.close();
    }
  }
  const lastIds = (asked: Asked[]) => asked.map(({ headers }) => headers['last-event-id']);

  test('is resumed after what was heard last', async () => {
    const { asked, events, troubles } = await followed([
      stream(sent('alert', 1, 7), sent('use', 2)),
      stream(sent('alert', 3, 9), 'id: 10\nevent: alert\ndata: half'),
    ]);
    expect(events.map(({ data }) => data)).toEqual(['1', '2', '3']);
    expect(lastIds(asked)).toEqual([undefined, '7', '9']);
    expect(troubles).toEqual([
      'the connection is lost; trying again until it is there',
      'connected again',
      'the connection is lost; trying again until it is there',
    ]);
  });

  test('another store has other numbers', async () => {
    const { asked } = await followed([
      stream(sent('alert', 1, 7)),
      stream(sent('reset', {})),
      stream(sent('reset', {}, 2)),
    ]);
    expect(lastIds(asked)).toEqual([undefined, '7', undefined, '2']);
  });

  test('is tried less and less often, and told of once', async () => {
    const away = { status: 503, body: { detail: 'starting' } };
    const { pauses, troubles } = await followed([stream(sent('alert', 1, 1)), away, away, away]);
    expect(pauses).toHaveLength(4);
    for (const [index, ms] of pauses.entries()) expect(ms).toBeGreaterThanOrEqual(500 * 2 ** index);
    expect(troubles).toEqual(['the connection is lost; trying again until it is there']);
  });

  test('is not tried again by whoever is refused', async () => {
    const { error, pauses } = await followed([stream(sent('alert', 1, 1)), { status: 401, body: { detail: 'Over.' } }]);
    expect(error).toMatchObject({ code: 'COLLECTOR_REFUSED' });
    expect(pauses).toHaveLength(1);
  });

  test('one that says nothing any more is none', async () => {
    const { events, asked } = await followed([silent(sent('alert', 1, 5))], { silenceMs: 500 });
    expect(events).toHaveLength(1);
    expect(lastIds(asked)).toEqual([undefined, '5']);
  });

  test('an event without end is not kept', async () => {
    const { asked, events } = await followed([stream(`data: ${'x'.repeat(2 * 1024 * 1024)}`)]);
    expect(events).toEqual([]);
    expect(asked).toHaveLength(2);
  });
});
