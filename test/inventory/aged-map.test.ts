import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgedMap } from '../../shared/inventory/aged-map.ts';

test('the oldest is always the first of those that are there', () => {
  const step = fc.record({ key: fc.nat(8), how: fc.constantFrom('set', 'again', 'delete', 'take', 'look') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new AgedMap<number, number>();
      for (const { key, how } of steps) {
        if (how === 'again' || how === 'delete') map.delete(key);
        if (how === 'again' || how === 'set') map.set(key, key);
        const [first] = map.keys();
        if (how === 'take' || how === 'look') expect(map.oldest()).toBe(first);
        if (how === 'take' && first !== undefined) map.delete(first);
      }
    }),
    { numRuns: 1000 },
  );
});
