import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuditNormaliser } from '../../shared/normalise/audit.ts';
import { isRelevant, scanLines } from '../../shared/normalise/prefilter.ts';

/** One recorded line of each common shape: service accounts, nodes, control plane, an administrator, a 401. */
const recorded = readFileSync(new URL('../fixtures/audit-file/shapes.log', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

type Json = Record<string, unknown>;
const parse = (line: string): Json => JSON.parse(line) as Json;
const relevant = (line: string): boolean => isRelevant(Buffer.from(line));

const normaliser = new AuditNormaliser({ isTrustedProxy: () => false });
/** What the full parse keeps. */
function isKept(line: string): boolean {
  const result = normaliser.line(line);
  return result.ok && (result.observations.length > 0 || result.leaks);
}

const lease = recorded.find((line) => line.includes('"username":"system:node:') && line.includes('/leases/'));
const node = parse(lease as string);
const changed = (change: Json): string => JSON.stringify({ ...node, ...change });
/** With what is asked for as the last thing that it says. */
const atTheEnd = (objectRef: Json): string => {
  const { objectRef: _, ...before } = node;
  return JSON.stringify({ ...before, objectRef });
};
const podsRef = { resource: 'pods', namespace: 'shop', name: 'inventory-1' };
const JWT = `${Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url')}.e30.c2ln`;

describe('isRelevant', () => {
  it.each([
    ['a service account', changed({ user: { username: 'system:serviceaccount:shop:inventory' } })],
    ['an impersonated service account', changed({ impersonatedUser: { username: 'system:serviceaccount:a:b' } })],
    [
      'an escaped service account',
      changed({ user: { username: 'system:serviceaccount:a:b' } }).replace('m:s', 'm\\u003as'),
    ],
    ['a TokenRequest', changed({ verb: 'create', objectRef: { resource: 'serviceaccounts', subresource: 'token' } })],
    ['an exec', changed({ objectRef: { ...podsRef, subresource: 'exec' } })],
    ['an attach', changed({ objectRef: { ...podsRef, subresource: 'attach' } })],
    [
      'an ephemeral container',
      changed({ verb: 'patch', objectRef: { ...podsRef, subresource: 'ephemeralcontainers' } }),
    ],
    [
      'spaces around it',
      changed({ objectRef: { ...podsRef, subresource: 'exec' } }).replace('"subresource":', '"subresource" : '),
    ],
    ['an escaped key', changed({ objectRef: { ...podsRef, subresource: 'exec' } }).replace('"subre', '"su\\u0062re')],
    ['a 401', changed({ user: {}, responseStatus: { code: 401 } })],
    ['a 401 with spaces', changed({ user: {}, responseStatus: { code: 401 } }).replace(':401', ' :\t401 ')],
    ['a 401 as another number', changed({ user: {}, responseStatus: { code: 401 } }).replace(':401', ':4.01e2')],
    ['a 401 with decimals', changed({ user: {}, responseStatus: { code: 401 } }).replace(':401', ':401.0')],
    [
      'a 401 by rounding',
      changed({ user: {}, responseStatus: { code: 401 } }).replace(':401', `:400.${'9'.repeat(30)}`),
    ],
    ['an escape that Go does not write', changed({ userAgent: '?' }).replace('"?"', '"\\u0027"')],
    ['a token', changed({ requestURI: `/x?token=${JWT}` })],
    ['a token in a Secret', changed({ responseObject: { data: { token: Buffer.from(JWT).toString('base64') } } })],
    ['what is no object', '[1, 2]'],
    ['an exec at the very end', atTheEnd({ ...podsRef, subresource: 'exec' })],
    ['a torn line', changed({}).slice(0, -20)],
    ['the rest of a torn line', changed({}).slice(20)],
  ])('keeps %s', (_, line) => {
    expect(relevant(line)).toBe(true);
  });

  it.each([
    ['a node renewing its lease', changed({})],
    ['a node reporting a pod', changed({ objectRef: { ...podsRef, subresource: 'status' } })],
    ['the groups of service accounts', changed({ user: { username: 'kate', groups: ['system:serviceaccounts'] } })],
    ['a subresource in a path', changed({ requestURI: '/api/v1/namespaces/shop/pods/inventory-1/exec?subresource' })],
    ['Go’s own escapes', changed({ requestURI: '/api?a=1&b=<>' }).replace('&b=<>', '\\u0026b=\\u003c\\u003E')],
    ['numbers with 401 in them', changed({ auditID: '401e-401', requestURI: '/x?code=401&a=:401' })],
    ['other refusals', changed({ responseStatus: { code: 403 } })],
    ['a line from Windows', `${changed({})}\r`],
    ['a subresource at the very end', atTheEnd({ ...podsRef, subresource: 'eviction' })],
    ['a blank line', ' \t\r'],
    ['nothing', ''],
  ])('drops %s', (_, line) => {
    expect(isKept(line)).toBe(false);
    expect(relevant(line)).toBe(false);
  });

  it('does its job on recorded lines: keeps what the full parse keeps and little else', () => {
    for (const line of recorded) if (isKept(line)) expect(relevant(line)).toBe(true);
    const common = recorded.filter((line) => !isKept(line));
    expect(common.length).toBeGreaterThan(20);
    expect(common.filter(relevant).length / common.length).toBeLessThan(0.1);
  });

  it('looks at nothing outside of the line', () => {
    const line = Buffer.from(changed({}));
    const around = Buffer.concat([Buffer.from('system:serviceaccount:'), line, Buffer.from('"subresource":"exec"')]);
    expect(isRelevant(around, 22, 22 + line.length)).toBe(false);
    expect(isRelevant(around)).toBe(true);
  });
});

/** A small deterministic generator, so that a failing case is one number. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same JSON as another writer might spell it: any order, any spaces, any character escaped, any form of number. */
function spell(value: unknown, random: () => number, escapes: number): string {
  const space = (): string => (random() < 0.8 ? '' : ([' ', '\t', '  ', '\r'][Math.floor(random() * 4)] as string));
  const text = (string: string): string =>
    `"${[
      ...JSON.stringify(string)
        .slice(1, -1)
        .matchAll(/\\u....|\\.|[^\\]/gs),
    ]
      .map(([char]) => {
        if (char.length > 1 || random() >= escapes) return char === '/' && random() < 0.3 ? '\\/' : char;
        const hex = char.charCodeAt(0).toString(16).padStart(4, '0');
        return `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`;
      })
      .join('')}"`;
  const write = (value: unknown): string => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number' && random() < 0.5) {
      return [`${value}.0`, `${value / 100}e2`, `${value * 10}E-1`, value.toExponential()][
        Math.floor(random() * 4)
      ] as string;
    }
    if (Array.isArray(value)) return `[${space()}${value.map(write).join(`${space()},${space()}`)}${space()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const entries = Object.entries(value).sort(() => random() - 0.5);
    const members = entries.map(([key, inner]) => `${text(key)}${space()}:${space()}${write(inner)}`);
    return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
  };
  return `${space()}${write(value)}${space()}`;
}

const events = fc
  .record({
    event: fc.constantFrom(...recorded).map(parse),
    change: fc.constantFrom<Json>(
      {},
      { user: {} },
      { user: { username: '' }, responseStatus: { code: 401 } },
      { user: { username: 'system:serviceaccount:shop:inventory' } },
      {
        user: { username: 'kate' },
        verb: 'create',
        objectRef: { resource: 'serviceaccounts', name: 'a', subresource: 'token' },
      },
      { user: { username: 'kate' }, objectRef: { ...podsRef, subresource: 'attach' } },
      { user: { username: 'kate' }, verb: 'update', objectRef: { ...podsRef, subresource: 'ephemeralcontainers' } },
      { requestURI: `/x?y=${JWT}` },
      { userAgent: Buffer.from(JWT).toString('base64') },
    ),
  })
  .map(({ event, change }) => ({ ...event, ...change }));

describe('the prefilter against the full parse', () => {
  it('never drops what the full parse keeps, however it is spelled', () => {
    let kept = 0;
    let spelled = 0;
    fc.assert(
      fc.property(events, fc.integer(), fc.constantFrom(0, 0, 0.001, 0.02, 1), (event, seed, escapes) => {
        const line = spell(event, randomOf(seed), escapes);
        expect(JSON.parse(line)).toEqual(event);
        spelled++;
        if (!isKept(line)) return;
        kept++;
        expect(relevant(line)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(kept / spelled).toBeGreaterThan(0.4);
  });

  it('never drops what the full parse keeps, whatever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        (line, edits) => {
          const bytes = Buffer.from(line);
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
          const text = bytes.toString('utf8').replaceAll('\n', ' ');
          if (isKept(text)) expect(relevant(text)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('scanLines', () => {
  const scan = (text: string): { line: string; relevant: boolean }[] => {
    const region = Buffer.from(text);
    const found: { line: string; relevant: boolean }[] = [];
    scanLines(region, (start, end, relevant) => found.push({ line: region.toString('utf8', start, end), relevant }));
    return found;
  };

  it('finds every line, with or without a newline at the end', () => {
    const lines = ['{}', '', 'ü', '{"a":1}'];
    expect(scan(`${lines.join('\n')}\n`).map(({ line }) => line)).toEqual(lines);
    expect(scan(lines.join('\n')).map(({ line }) => line)).toEqual(lines);
    expect(scan('')).toEqual([]);
  });

  it('says of each line in a chunk what it says of the line alone', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...recorded, '', '{}', 'torn"}'), { maxLength: 30 }), (lines) => {
        const expected = lines.map((line) => ({ line, relevant: relevant(line) }));
        expect(scan(lines.map((line) => `${line}\n`).join(''))).toEqual(expected);
      }),
    );
  });
});
