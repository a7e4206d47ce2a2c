/** Real audit lines, damaged: as a broken disk, a broken backend or somebody with bad intentions would. */

/** The same sequence for the same seed (mulberry32). */
export function randomness(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;

const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T;

/** JSON texts that a field may suddenly hold. */
const VALUES = [
  'null',
  'true',
  '0',
  '-1',
  '1e308',
  '1e999',
  '9007199254740993',
  '0.1',
  '""',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '"constructor"',
  '"system:serviceaccount:a:b"',
  '"2026-11-23T18:08:40.033757Z"',
  '"2026-02-30T25:61:61Z"',
  '"9999-12-31T23:59:59.999999Z"',
  '[]',
  '{}',
  '[null]',
  '["10.0.0.1",null]',
  '{"username":"system:serviceaccount:a:b"}',
  '{"__proto__":{"username":"x"}}',
  '{"code":401}',
  '{"code":1e999}',
];
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'verb', 'user', 'extra', 'username', ''];

const MUTATIONS: readonly ((line: string, other: string, random: Random) => string)[] = [
  // a byte is another
  (line, _, random) => {
    const bytes = Buffer.from(line);
    for (let flips = 1 + random(3); flips > 0; flips -= 1) bytes[random(bytes.length)] = random(256);
    return bytes.toString('utf8');
  },
  // the end is missing
  (line, _, random) => line.slice(0, random(line.length)),
  // the beginning is missing
  (line, _, random) => line.slice(random(line.length)),
  // two lines have run together
  (line, other, random) => line.slice(0, random(line.length)) + other.slice(random(other.length)),
  // a value has another type
  (line, _, random) => replaceValue(line, random, pick(random, VALUES)),
  (line, _, random) => replaceValue(replaceValue(line, random, pick(random, VALUES)), random, pick(random, VALUES)),
  // a key is another
  (line, _, random) => {
    const keys = [...line.matchAll(/"([A-Za-z./-]+)":/g)];
    const key = pick(random, keys);
    return line.slice(0, key.index) + JSON.stringify(pick(random, KEYS)) + line.slice(key.index + key[0].length - 1);
  },
  // a value is long
  (line, _, random) => replaceValue(line, random, JSON.stringify('é\ud83d\ude00<%65'.repeat(1 + random(600)))),
  // a value is deep
  (line, _, random) => {
    const depth = 1 + random(40) ** 2;
    return replaceValue(line, random, '[{"a":'.repeat(depth) + '1' + '}]'.repeat(depth));
  },
  // a string is escaped where it need not be
  (line, _, random) => {
    const at = random(line.length);
    const code = line.charCodeAt(at).toString(16).padStart(4, '0');
    return `${line.slice(0, at)}\\u${code}${line.slice(at + 1)}`;
  },
  // something stands between
  (line, _, random) => line.replaceAll(',"', `${pick(random, [' ', '\t', '\r', '\u00a0'])},"`),
];

const VALUE = /:("(?:[^"\\]|\\.)*"|\d+|\[[^[\]{}]*\]|\{[^{}]*\})/g;

function replaceValue(line: string, random: Random, value: string): string {
  const values = [...line.matchAll(VALUE)];
  const found = values[random(Math.max(1, values.length))];
  return found ? `${line.slice(0, found.index)}:${value}${line.slice(found.index + found[0].length)}` : line;
}

export function* mutate(lines: readonly string[], count: number, seed: number): Generator<string> {
  const random = randomness(seed);
  for (let i = 0; i < count; i += 1) {
    yield pick(random, MUTATIONS)(pick(random, lines), pick(random, lines), random);
  }
}
