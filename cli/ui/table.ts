/**
 * Tables for people. Cells are text from outside and are shown as such: no control character reaches the terminal. With
 * a width given, columns that may shrink do, the widest first, and spare ones go; without, nothing is cut.
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
  /** Goes when not even the shrunk columns fit: those with the highest number first, and of these the last. */
  spare?: number;
  paint?(row: Row): Paint;
}

const GAP = '  ';

/** The table's lines, the headings first. */
export function renderTable<Row>(all: readonly Column<Row>[], rows: readonly Row[], width = Infinity): string[] {
  const measured = all.map((column) => {
    const texts = rows.map((row) => printable(column.cell(row)));
    return {
      column,
      texts,
      natural: texts.reduce((most, text) => Math.max(most, widthOf(text)), column.heading.length),
    };
  });
  const least = () => sum(measured.map(({ column, natural }) => Math.min(natural, column.min ?? natural))) + gaps();
  const gaps = () => GAP.length * (measured.length - 1);
  while (least() > width) {
    const most = Math.max(...measured.map(({ column }) => column.spare ?? 0));
    const last = most === 0 ? -1 : measured.findLastIndex(({ column }) => column.spare === most);
    if (last < 0) break;
    measured.splice(last, 1);
  }
  const columns = measured.map(({ column }) => column);
  const widths = shrink(
    measured.map(({ natural }) => natural),
    columns.map(({ min }) => min),
    width - gaps(),
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
        measured.map(({ texts }) => texts[at] ?? ''),
        columns.map((column) => column.paint?.(row)),
      ),
    ),
  ];
}

/** Takes cells away from the widest column that has some to give, until all fit or none has. */
function shrink(natural: readonly number[], least: readonly (number | undefined)[], room: number): number[] {
  const widths = [...natural];
  for (let excess = sum(widths) - room; excess > 0 && Number.isFinite(excess); excess -= 1) {
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
