import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Path } from '../../collector/web/page/views/alert/path.ts';
import { across, down, type Layout, wrap } from '../../collector/web/page/views/alert/path-layout.ts';

test.each([
  ['short', 10, 2, ['short']],
  ['shop/inventory-685745856c-72td4', 24, 2, ['shop/inventory-', '685745856c-72td4']],
  ['read it, a process of node node-a', 20, 3, ['read it, a process', 'of node node-a']],
  ['aaaaaaaaaaaaaaaaaaaaaaaa', 10, 2, ['aaaaaaaaaa', 'aaaaaaaaa…']],
  ['', 10, 2, []],
])('%j in lines of %i letters, %i at most: %j', (text, letters, most, lines) => {
  expect(wrap(text, letters, most)).toEqual(lines);
});

test('no line is longer than it may be, and none are lost but at the end', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 200 }),
      fc.integer({ min: 3, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (text, letters, most) => {
        const lines = wrap(text, letters, most);
        expect(lines.length).toBeLessThanOrEqual(most);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(letters);
        const told = lines.join('').replace(/…$/, '').replaceAll(/\s/g, '');
        expect(text.replaceAll(/\s/g, '').startsWith(told)).toBe(true);
      },
    ),
  );
});

const node = fc.record({
  title: fc.string({ maxLength: 80 }),
  detail: fc.string({ maxLength: 120 }),
  tone: fc.constant('token' as const),
});
const path: fc.Arbitrary<Path> = fc
  .array(fc.record({ nodes: fc.array(node, { minLength: 1, maxLength: 4 }), left: fc.nat(9) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((stages) => ({
    stages: stages.map(({ nodes, left }, column) => ({
      name: `Stage ${column}`,
      left,
      nodes: nodes.map((one, row) => ({ ...one, id: `${column} ${row}` })),
    })),
    links: stages.slice(1).map((_, column) => ({ from: `${column} 0`, to: `${column + 1} 0` })),
  }));

const expectApart = ({ boxes, width, height }: Layout): void => {
  for (const [index, a] of boxes.entries()) {
    expect(a.x + a.width).toBeLessThanOrEqual(width + 0.01);
    expect(a.y + a.height).toBeLessThanOrEqual(height + 0.01);
    for (const b of boxes.slice(index + 1)) {
      const isBeside = a.x + a.width <= b.x || b.x + b.width <= a.x;
      const isBelow = a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect(isBeside || isBelow).toBe(true);
    }
  }
};

test.each([
  ['across', across],
  ['down', down],
])('%s, boxes lie within the drawing and none upon another', (_name, layOut) => {
  fc.assert(fc.property(path, (drawn) => expectApart(layOut(drawn))));
});
