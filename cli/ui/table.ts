/**
 * Tables for people. Cells are text from outside and are shown as such: no control character reaches the terminal. With
 * a width given, columns that may shrink do, the widest first; without, nothing is cut.
 */
import { printable } from '../../shared/text.ts';
import type { Paint } from './style.ts';
import { fit, widthOf } from './width.ts';

export interface Column<Row> {
  heading: string;
  cell(row: Row): string;
  align?: 'left' | 'right';
  /** Cells that it may be shrunk to; left out: it keeps its full width. */
  min?: number;
  paint?(row: Row): Paint;
}

const GAP = '  ';

/** The table's lines, the headings first. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width = Infinity): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const widths = shrink(
    columns.map(({ heading }, index) =>
      cells.reduce((most, line) => Math.max(most, widthOf(line[index] ?? '')), widthOf(heading)),
    ),
    columns.map(({ min }) => min),
    width - GAP.length * (columns.length - 1),
  );
  const line = (texts: readonly string[], paints: readonly (Paint | undefined)[]) =>
    columns
      .map(({ align }, index) => {
        const text = fit(texts[index] ?? '', widths[index] ?? 0);
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
        const painted = paints[index]?.(text) ?? text;
        return align === 'right' ? space + painted : painted + space;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(
      columns.map(({ heading }) => heading),
      [],
    ),
    ...rows.map((row, at) =>
      line(
        cells[at] ?? [],
        columns.map((column) => column.paint?.(row)),
      ),
    ),
  ];
}

/** Takes cells away from the widest column that has some to give, until all fit or none has. */
function shrink(natural: readonly number[], least: readonly (number | undefined)[], room: number): number[] {
  const widths = [...natural];
  const sum = () => widths.reduce((total, width) => total + width, 0);
  for (let excess = sum() - room; excess > 0 && Number.isFinite(excess); excess -= 1) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      const min = least[index];
      if (min !== undefined && width > min && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}
