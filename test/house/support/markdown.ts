/** The pages that people read, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';

export const ROOT = new URL('../../../', import.meta.url);

export interface Page {
  /** From the repository's root: `docs/integrations/kafka.md`. */
  path: string;
  text: string;
}

export interface Fence {
  /** What follows the three backticks: `yaml`, or a language and a format of alerts. */
  info: string;
  body: string;
}

export interface Table {
  header: string[];
  rows: string[][];
}

/** README.md and the like at the top, and every page below `docs` and `deploy`. */
export function pages(): Page[] {
  const below = ['docs', 'deploy'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  return [...readdirSync(ROOT), ...below]
    .filter((path) => path.endsWith('.md'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(path, ROOT), 'utf8') }));
}

/** Blocks of code, those in lists too, without their indentation. */
export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(/^( *)```(\S.*)\n([^]*?)^\1```$/gm)].map(([, indent = '', info = '', body = '']) => ({
    info: info.trim(),
    body: body
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n'),
  }));
}

export function tablesOf(text: string): Table[] {
  return [...prose(text).matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([block]) => {
    const [header = [], , ...rows] = block.trimEnd().split('\n').map(cellsOf);
    return { header, rows };
  });
}

const cellsOf = (row: string): string[] =>
  row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

/** What is between backticks. */
export const quotedIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** Where links lead that do not leave the repository: `../kafka.md#topics`. */
export const linksOf = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(([^()\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, target, source]) => target ?? source ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));

/** What a `#` may name, as GitHub makes it out of headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let name = anchor;
    for (let n = 1; anchors.has(name); n += 1) name = `${anchor}-${n}`;
    anchors.add(name);
  }
  return anchors;
}

/** Without blocks of code. */
const prose = (text: string): string => text.replace(/^( *)```[^]*?^\1```$/gm, '');
