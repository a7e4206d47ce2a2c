/**
 * Views are fetched when they are first shown, and their styles stay: what one view says of a class that another uses too
 * would change that other, depending on which was looked at before.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PAGE = new URL('../../collector/web/page/', import.meta.url).pathname;

/** Of each selector the classes of its first part: `.toolbar` of `.toolbar select`. */
function roots(css: string): string[] {
  const selectors = css
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/@keyframes[^{]*\{(?:[^{}]*\{[^}]*\})*\s*\}/g, '')
    .match(/[^{}]+(?=\{)/g);
  return (selectors ?? [])
    .flatMap((selector) => selector.split(','))
    .map((selector) => selector.trim())
    .filter((selector) => selector !== '' && !selector.startsWith('@'))
    .map((selector) => selector.match(/^[^\s>+~:[\]]*/)?.[0] ?? '');
}

const classesOf = (root: string): string[] => root.match(/\.[\w-]+/g) ?? [];

const files = readdirSync(PAGE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.css'))
  .map((name) => {
    const file = join(PAGE, name);
    const isShared = dirname(file).endsWith('/styles');
    return {
      file: basename(file),
      view: isShared ? 'shared' : basename(dirname(file)),
      roots: roots(readFileSync(file, 'utf8')),
    };
  });

describe('styles of a view', () => {
  it('are found', () => expect(new Set(files.map(({ view }) => view)).size).toBeGreaterThan(5));

  it.each(files.filter(({ view }) => view !== 'shared'))(
    '$file: begin with a class of that view alone',
    ({ view, roots: own }) => {
      const others = new Set(
        files.filter((other) => other.view !== view).flatMap((other) => other.roots.flatMap(classesOf)),
      );
      expect(own.filter((root) => classesOf(root).length === 0)).toEqual([]);
      expect(own.filter((root) => classesOf(root).some((name) => others.has(name)))).toEqual([]);
    },
  );
});
