/** Builds the page into `dist/page`, from where the collector serves it. Nothing in it comes from elsewhere. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** As text alone it would be told another host than the page's, and take what the page changes for another page's doing. */
const COLLECTOR = { target: 'http://127.0.0.1:7117', changeOrigin: false };

/** Each asset once more, as it is sent: packed once, and not with each request. */
const packed: Plugin = {
  name: 'packed',
  // What is written is what is packed: Vite puts the last touch to it after all else.
  async writeBundle({ dir = '' }, bundle) {
    for (const fileName of Object.keys(bundle).filter((name) => name.startsWith('assets/'))) {
      const file = join(dir, fileName);
      await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
    }
  },
};

export default defineConfig({
  root: at('page'),
  base: '/',
  publicDir: false,
  plugins: [packed],
  build: {
    outDir: at('../../dist/page'),
    emptyOutDir: true,
    target: ['chrome111', 'firefox114', 'safari16.4'],
    // Inlined as data: URLs they would need a weaker policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 150,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // `npx vite --config collector/web/vite.config.ts` while a collector runs.
  server: { proxy: { '/api': COLLECTOR, '/auth': COLLECTOR } },
});
