import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuickParser } from '../../shared/normalise/quick-parse.ts';
import { AuditEvent } from '../../shared/schema/audit-event.ts';

const RECORDINGS = new URL('../fixtures/recordings/', import.meta.url);
const lines = readdirSync(RECORDINGS).flatMap((name) => {
  const folder = new URL(`${name}/audit/`, RECORDINGS);
  return readdirSync(folder).flatMap((file) =>
    readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
});

/** What the full parse makes of a line; undefined: no event. */
function fully(line: string): AuditEvent | undefined {
  try {
    return AuditEvent.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

describe('the quick parse', () => {
  it('gives what the full parse gives, for every line of the recordings, the first time and from memory', () => {
    const parser = new QuickParser();
    for (let round = 0; round < 2; round += 1) {
      const read = lines.filter((line) => {
        const quick = parser.parse(line);
        if (quick) expect(quick).toEqual(fully(line));
        return quick !== undefined;
      });
      // A parse that reads nothing would be right, and useless.
      expect(read.length / lines.length).toBeGreaterThan(0.99);
    }
  });

  it('gives that or nothing, whatever is changed in a line', () => {
    const pieces = [
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '},"sourceIPs":[',
      ',"annotations":{',
      '\u0000',
      'é',
      '\ud800',
      'null',
      '1',
      'x',
    ];
    const parser = new QuickParser();
    let read = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...lines),
        fc.array(fc.record({ at: fc.nat(), cut: fc.nat({ max: 12 }), put: fc.constantFrom('', ...pieces) }), {
          minLength: 1,
          maxLength: 3,
        }),
        (line, changes) => {
          let changed = line;
          for (const { at, cut, put } of changes) {
            const from = at % (changed.length + 1);
            changed = changed.slice(0, from) + put + changed.slice(from + cut);
          }
          const quick = parser.parse(changed);
          if (!quick) return;
          read += 1;
          expect(quick).toEqual(fully(changed));
        },
      ),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(500);
  }, 60_000);

  it('never takes one part for another that begins like it', () => {
    const parser = new QuickParser();
    const [line = ''] = lines.filter((candidate) => candidate.includes('"userAgent":"inventory/1.4"'));
    const longer = line.replace('"userAgent":"inventory/1.4"', '"userAgent":"inventory/1.4.1"');
    const other = line.replace('"sourceIPs":["10.244.0.14"]', '"sourceIPs":["10.244.0.14","10.10.0.66"]');
    for (const text of [line, longer, other, line]) expect(parser.parse(text)).toEqual(fully(text));
  });
});
