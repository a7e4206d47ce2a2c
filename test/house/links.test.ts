import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, linksOf, pages, ROOT } from './support/markdown.ts';

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));

test('there are pages, with links', () => {
  expect(all.length).toBeGreaterThan(20);
  expect(all.flatMap(({ text }) => linksOf(text)).length).toBeGreaterThan(100);
});

describe('every link within the repository leads somewhere', () => {
  test.each(all.filter(({ path: name }) => name !== 'docs/adr/template.md'))('$path', ({ path: from, text }) => {
    const lost = linksOf(text).filter((link) => !leadsSomewhere(from, link));
    expect(lost).toEqual([]);
  });
});

function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? from : path.join(path.dirname(from), decodeURI(file));
  const page = byPath.get(target);
  // Anchors in other files than pages are GitHub's own, such as lines of code.
  if (page === undefined || anchor === undefined) return existsSync(new URL(target, ROOT));
  return anchorsOf(page.text).has(anchor);
}

test('what a heading is called in a link', () => {
  const text = '# Who may talk to it?\n\n## `a` and [b](c.md)\n## Fields\n```md\n# not this\n```\n## Fields\n';
  expect([...anchorsOf(text)]).toEqual(['who-may-talk-to-it', 'a-and-b', 'fields', 'fields-1']);
});
