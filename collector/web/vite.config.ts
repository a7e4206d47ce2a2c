/** Builds the page into `dist/page`, from where the collector serves it. Nothing in it comes from elsewhere. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** As text alone it would be told another host than the page's, and take what the page changes for another page's doing. */
const COLLECTOR = { target: 'http://127.0.0.1:7117', changeOrigin: false };

export default defineConfig({
  root: at('page'),
  base: '/',
  publicDir: false,
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
