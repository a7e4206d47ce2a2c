import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineSplitter } from '../../agent/sources/audit-file/line-splitter.ts';
import { CountingDeadLetters, numberOf, range, useLine } from './lab.ts';

/** Lines, and holes that a writer leaves which does not append. */
const pieces = fc.array(fc.oneof(fc.constant('line'), fc.integer({ min: 1, max: 40 })), { maxLength: 20 });

it('gives the same lines however the bytes are cut, holes of zeros between them or not', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (given, cuts) => {
      let uses = 0;
      const bytes = Buffer.from(
        given.map((piece) => (piece === 'line' ? `${useLine(uses++)}\n` : '\0'.repeat(piece))).join(''),
      );
      const deadLetters = new CountingDeadLetters();
      const splitter = new LineSplitter(10_000, deadLetters);
      const lines: Buffer[] = [];
      let count = 0;
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = Math.min(bytes.length, at + (cuts[i % cuts.length] as number));
        const some: Buffer[] = [];
        count += splitter.push(bytes.subarray(at, end), some);
        lines.push(...some.map((line) => Buffer.from(line)));
        at = end;
      }
      expect(lines.map(numberOf)).toEqual(range(0, uses));
      expect(count).toBe(uses);
      expect(deadLetters.added).toEqual([]);
    }),
  );
});
