import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** Where `npm run build` puts the page. */
const built = (path: string): string => fileURLToPath(new URL(`../../dist/page/${path}`, import.meta.url));
/** As it is sent. */
const sent = (path: string): number => readFileSync(built(path === 'index.html' ? path : `${path}.gz`)).length;

const MOST_BYTES = 150 * 1024;

test('what a browser loads before it shows the alerts is small', () => {
  const index = readFileSync(built('index.html'), 'utf8');
  const first = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, path = '']) => path);
  expect(first.filter((path) => path.endsWith('.js')).length).toBeGreaterThan(0);
  expect(first.filter((path) => path.endsWith('.css')).length).toBeGreaterThan(0);
  expect(['index.html', ...first].reduce((sum, path) => sum + sent(path), 0)).toBeLessThan(MOST_BYTES);
});

test('what is sent packed is the same', () => {
  for (const name of readdirSync(built('assets')).filter((one) => one.endsWith('.gz'))) {
    const plain = readFileSync(built(`assets/${name.slice(0, -'.gz'.length)}`));
    expect(gunzipSync(readFileSync(built(`assets/${name}`))).equals(plain), name).toBe(true);
  }
});

test('nothing in it names another host to load from', () => {
  const files = readdirSync(built('assets'))
    .filter((name) => !name.endsWith('.gz'))
    .map((name) => `assets/${name}`);
  expect(files.length).toBeGreaterThan(5);
  for (const file of ['index.html', ...files]) {
    const text = readFileSync(built(file), 'utf8');
    expect(text.match(/(?:src|href|url|import|fetch)\s*[=(:]\s*["'`(]?https?:\/\/[^"'`)\s]*/g), file).toBeNull();
  }
});
