import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, newIn, withChanges, withMore, withNewOnes } from '../../collector/web/page/views/alerts/rows.ts';
import { theft } from './support/theft.ts';

type Row = ReturnType<typeof theft>;
const row = (id: string, revision = 1): Row => theft({ id, revision });
const rowsOf = (letters: string): Row[] => letters.split('').map((id) => row(id));
const ids = (rows: readonly { id: string }[]): string => rows.map(({ id }) => id).join('');

test('a row changes where it is, and never back', () => {
  const rows = withChanges([row('a', 2), row('b', 2), row('c', 2)], [row('b', 3), row('c', 1), row('x', 9)]);
  expect(rows.map(({ id, revision }) => [id, revision])).toEqual([
    ['a', 2],
    ['b', 3],
    ['c', 2],
  ]);
});

test('an alert of another cluster is another alert', () => {
  expect(newIn([row('a')], [theft({ id: 'a', cluster: 'other' })])).toHaveLength(1);
});

test.each([
  ['first', 'ab', 'xab', 'xab'],
  ['between', 'ab', 'axb', 'axb'],
  ['last', 'ab', 'abx', 'abx'],
  ['several together', 'ab', 'xyab', 'xyab'],
  ['into an empty list', '', 'xy', 'xy'],
  ['after one that has moved', 'abc', 'cxab', 'abcx'],
  ['while one has left the page', 'abc', 'xac', 'xabc'],
])('new ones are inserted: %s', (_name, before, page, after) => {
  expect(ids(withNewOnes(rowsOf(before), rowsOf(page)))).toBe(after);
});

const rows = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 8 })
  .map((letters) => letters.map((id) => row(id)));

test('whatever comes, what is listed keeps its order, everything is there, and once', () => {
  fc.assert(
    fc.property(rows, rows, (before, page) => {
      for (const after of [withNewOnes(before, page), withMore(before, page)]) {
        const had = new Set(before.map(keyOf));
        expect(after.filter((one) => had.has(keyOf(one))).map(keyOf)).toEqual(before.map(keyOf));
        expect(new Set(after.map(keyOf))).toEqual(new Set([...before, ...page].map(keyOf)));
        expect(after).toHaveLength(new Set(after.map(keyOf)).size);
      }
    }),
  );
});
