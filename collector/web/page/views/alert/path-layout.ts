/** Where the boxes and lines of a drawn path lie. Lengths are in the drawing's own units, about a pixel each. */
import type { Path, PathNode } from './path.ts';

/** Of a monospaced letter; of a letter of small print, on the safe side. */
const LETTER = 7.3;
const SMALL_LETTER = 6.8;
const TITLE_LINE = 16;
const DETAIL_LINE = 15;
const PAD = 10;
const BETWEEN = 12;
const HEADING = 26;
const MORE = 20;
const ACROSS = { width: 1160, box: 194 };
const DOWN = { width: 340, gap: 18 };

export interface Box {
  node: PathNode;
  x: number;
  y: number;
  width: number;
  height: number;
  title: string[];
  detail: string[];
}

export interface Layout {
  width: number;
  height: number;
  headings: { text: string; x: number; y: number }[];
  boxes: Box[];
  more: { text: string; x: number; y: number }[];
  /** Of an SVG path. */
  lines: { d: string; from: string; to: string }[];
}

/** Stages side by side. */
export function across({ stages, links }: Path): Layout {
  const { width, box } = ACROSS;
  const gap = stages.length > 1 ? (width - stages.length * box) / (stages.length - 1) : 0;
  const columns = stages.map(({ nodes, left }, index) => {
    const sized = nodes.map((node) => sizedBox(node, index * (box + gap), box));
    return { sized, height: heightOf(sized) + (left > 0 ? MORE : 0) };
  });
  const tallest = Math.max(0, ...columns.map(({ height }) => height));
  const layout: Layout = { width, height: HEADING + tallest + 4, headings: [], boxes: [], more: [], lines: [] };
  stages.forEach(({ name, left }, index) => {
    const column = columns[index];
    if (!column) return;
    const x = index * (box + gap);
    layout.headings.push({ text: name, x, y: 14 });
    const end = stack(layout, column.sized, HEADING + (tallest - column.height) / 2);
    if (left > 0) layout.more.push({ text: `and ${left} more`, x, y: end + 4 });
  });
  const placed = new Map(layout.boxes.map((one) => [one.node.id, one]));
  for (const { from, to } of links) {
    const [a, b] = [placed.get(from), placed.get(to)];
    if (a && b) layout.lines.push({ d: curve(a, b), from, to });
  }
  return layout;
}

/** Stages one below the other, for a narrow screen: the lines join stages. */
export function down({ stages }: Path): Layout {
  const { width, gap } = DOWN;
  const layout: Layout = { width, height: 0, headings: [], boxes: [], more: [], lines: [] };
  let y = 0;
  stages.forEach(({ name, nodes, left }, index) => {
    if (index > 0) {
      const middle = width / 2;
      layout.lines.push({ d: `M ${middle} ${y} V ${y + gap + 4}`, from: stages[index - 1]?.name ?? '', to: name });
      y += gap;
    }
    layout.headings.push({ text: name, x: 0, y: y + 14 });
    y = stack(
      layout,
      nodes.map((node) => sizedBox(node, 0, width)),
      y + HEADING,
    );
    if (left > 0) {
      layout.more.push({ text: `and ${left} more`, x: 0, y: y + 4 });
      y += MORE - 6;
    }
  });
  return { ...layout, height: y + 2 };
}

/** @returns where what comes after them may begin */
function stack(layout: Layout, sized: readonly Box[], from: number): number {
  let y = from;
  for (const box of sized) {
    layout.boxes.push({ ...box, y });
    y += box.height + BETWEEN;
  }
  return y - BETWEEN + 6;
}

const heightOf = (boxes: readonly Box[]): number =>
  boxes.reduce((sum, { height }) => sum + height, 0) + Math.max(0, boxes.length - 1) * BETWEEN;

function sizedBox(node: PathNode, x: number, width: number): Box {
  const title = wrap(node.title, Math.floor((width - 2 * PAD) / LETTER), 2);
  const detail = wrap(node.detail, Math.floor((width - 2 * PAD) / SMALL_LETTER), 3);
  return {
    node,
    x,
    y: 0,
    width,
    title,
    detail,
    height: 2 * PAD + title.length * TITLE_LINE + detail.length * DETAIL_LINE - 4,
  };
}

/** Where a box's lines of text stand, from its top. */
export const lineAt = (index: number, titles: number): number =>
  index < titles ? PAD + 11 + index * TITLE_LINE : PAD + 10 + titles * TITLE_LINE + (index - titles) * DETAIL_LINE;

function curve(a: Box, b: Box): string {
  const [x1, y1] = [a.x + a.width, a.y + a.height / 2];
  const [x2, y2] = [b.x, b.y + b.height / 2];
  const bend = (x2 - x1) / 2;
  const at = (value: number): string => value.toFixed(1);
  return `M ${at(x1)} ${at(y1)} C ${at(x1 + bend)} ${at(y1)} ${at(x2 - bend)} ${at(y2)} ${at(x2)} ${at(y2)}`;
}

/** Text in lines of at most so many letters, broken where words end if they are short enough; what is too long ends in `…`. */
export function wrap(text: string, letters: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== '' && lines.length < most) {
    if (rest.length <= letters) return [...lines, rest];
    if (lines.length === most - 1) return [...lines, `${rest.slice(0, letters - 1)}…`];
    const space = rest.lastIndexOf(' ', letters);
    // A name has no spaces: it breaks after its own marks.
    const mark = Math.max(...['/', '-', ':'].map((one) => rest.lastIndexOf(one, letters - 1))) + 1;
    const end = space > letters / 3 ? space : mark > letters / 3 ? mark : letters;
    lines.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return lines;
}
