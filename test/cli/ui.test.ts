import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLine } from '../../cli/ui/json.ts';
import { counted } from '../../cli/ui/plural.ts';
import { createProgress } from '../../cli/ui/progress.ts';
import { createStyle } from '../../cli/ui/style.ts';
import { type Column, renderTable } from '../../cli/ui/table.ts';
import { fit, widthOf, wrap } from '../../cli/ui/width.ts';
import { printable } from '../../shared/text.ts';
import { sink } from './harness.ts';

const HOSTILE = '\u001b[2J\u009b31m\r\nnext\u202egnp.exe\u2028\u0000\u007f';
/** What a terminal acts on, or shows in another order. */
const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

describe('printable', () => {
  test('leaves nothing for a terminal to act on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(ACTIVE);
        expect(printable(text)).not.toContain('\n');
        expect(() => encodeURIComponent(printable(text))).not.toThrow();
      }),
    );
    expect(printable(HOSTILE)).toBe('\\e[2J\\u{9b}31m\\r\\nnext\\u{202e}gnp.exe\\u{2028}\\u{0}\\u{7f}');
  });

  test('leaves text as it is', () => {
    for (const text of ['system:serviceaccount:shop:cart', 'Grüße, 世界 👍🏽', '\\n is two letters']) {
      expect(printable(text)).toBe(text);
    }
  });
});

describe('width', () => {
  test.each([
    ['abc', 3],
    ['世界', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['👨‍👩‍👧', 2],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['', 0],
  ])('%s takes %i cells', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  test('fit cuts between graphemes, never over the width', () => {
    expect(fit('abcdef', 4)).toBe('abc…');
    expect(fit('世界世界', 4)).toBe('世…');
    expect(fit('abc', 3)).toBe('abc');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, width) => {
        expect(widthOf(fit(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  test('wrap keeps every word', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('averylongword it is', 5)).toEqual(['averylongword', 'it is']);
  });
});

describe('renderTable', () => {
  interface Row {
    name: string;
    count: number;
  }
  const columns: Column<Row>[] = [
    { heading: 'NAME', cell: ({ name }) => name, min: 6 },
    { heading: 'COUNT', cell: ({ count }) => String(count), align: 'right' },
  ];

  test('aligns, by cells of the terminal', () => {
    expect(
      renderTable(columns, [
        { name: 'cart', count: 7 },
        { name: '世界', count: 1234 },
      ]),
    ).toEqual(['NAME  COUNT', 'cart      7', '世界   1234']);
  });

  test('shrinks what may shrink to the width, and cuts nothing without one', () => {
    const rows = [{ name: 'a-name-that-is-far-too-long', count: 1 }];
    expect(renderTable(columns, rows, 20)).toEqual(['NAME           COUNT', 'a-name-that-…      1']);
    expect(renderTable(columns, rows)[1]).toContain('a-name-that-is-far-too-long');
    expect(renderTable(columns, rows, 3)[1]).toBe('a-nam…      1');
  });

  test('spare columns go when the width does not do', () => {
    const spare: Column<Row>[] = [...columns, { heading: 'AGAIN', cell: ({ name }) => name, spare: 1 }];
    const rows = [{ name: 'cart', count: 7 }];
    expect(renderTable(spare, rows)[0]).toBe('NAME  COUNT  AGAIN');
    expect(renderTable(spare, rows, 18)[0]).toBe('NAME  COUNT  AGAIN');
    const sooner: Column<Row>[] = [{ heading: 'FIRST', cell: ({ name }) => name, spare: 2 }, ...spare];
    expect(renderTable(sooner, rows, 18)[0]).toBe('NAME  COUNT  AGAIN');
    expect(renderTable(spare, rows, 17)[0]).toBe('NAME  COUNT');
  });

  test('shows text from outside as text, on one line', () => {
    const lines = renderTable(columns, [{ name: HOSTILE, count: 1 }], 200);
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(ACTIVE);
  });

  test('paint does not count as width', () => {
    const painted: Column<Row>[] = columns.map((column) => ({
      ...column,
      paint: () => (text) => `\u001b[31m${text}\u001b[39m`,
    }));
    const [, line = ''] = renderTable(painted, [{ name: 'cart', count: 7 }]);
    expect(line.replaceAll(/\u001b\[\d+m/g, '')).toBe('cart      7');
  });

  test('fits any rows into any width, as far as its least widths allow', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string({ unit: 'binary' }), count: fc.nat(99_999) }), { maxLength: 5 }),
        fc.integer({ min: 13, max: 60 }),
        (rows, width) => {
          for (const line of renderTable(columns, rows, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe('colour', () => {
  test.each([
    { because: 'a terminal', terminal: { columns: 80 }, env: {}, coloured: true },
    { because: 'a file', terminal: undefined, env: {}, coloured: false },
    { because: 'NO_COLOR', terminal: { columns: 80 }, env: { NO_COLOR: '1' }, coloured: false },
    {
      because: 'NO_COLOR before FORCE_COLOR',
      terminal: undefined,
      env: { NO_COLOR: '1', FORCE_COLOR: '1' },
      coloured: false,
    },
    { because: 'an empty NO_COLOR', terminal: { columns: 80 }, env: { NO_COLOR: '' }, coloured: true },
    { because: 'a dumb terminal', terminal: { columns: 80 }, env: { TERM: 'dumb' }, coloured: false },
    { because: 'FORCE_COLOR', terminal: undefined, env: { FORCE_COLOR: '1' }, coloured: true },
  ])('$because: $coloured', ({ terminal, env, coloured }) => {
    const style = createStyle({ env }, sink(terminal));
    expect(style.severity('critical')('x') !== 'x').toBe(coloured);
    expect(style.bold('')).toBe('');
  });
});

test.each([
  [0, '0 alerts'],
  [1, '1 alert'],
  [2, '2 alerts'],
])('%i are %s', (count, text) => {
  expect(counted(count, 'alert')).toBe(text);
});

describe('progress', () => {
  test('draws on a terminal, not too often, and takes itself away', () => {
    const out = sink({ columns: 80 });
    let now = 0;
    const progress = createProgress(out, { label: 'audit\u001b.log', now: () => now });
    progress.update(0, 200);
    now = 50;
    progress.update(10, 200);
    now = 10_000;
    progress.update(100, 200);
    progress.clear();
    const lines = out.text.split('\r').slice(1);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('████████████░░░░░░░░░░░░ 50 %  100 of 200  10 s left');
    expect(lines[2]).toBe('\u001b[K');
    for (const line of lines) expect(widthOf(line.replace('\u001b[K', ''))).toBeLessThan(80);
    expect(out.text).toContain('audit\\e.log');
  });

  test('without a total it counts', () => {
    const out = sink({ columns: 60 });
    createProgress(out, { label: 'lines' }).update(5);
    expect(out.text).toBe('\rlines  5\u001b[K');
  });

  test('writes nothing where nobody looks', () => {
    const out = sink();
    const progress = createProgress(out, { label: 'x' });
    progress.update(1, 1);
    progress.clear();
    expect(out.text).toBe('');
  });
});

test('jsonLine means the same and acts on no terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(jsonLine({ text })).not.toMatch(ACTIVE);
      expect(JSON.parse(jsonLine({ text }))).toEqual({ text });
    }),
  );
});
