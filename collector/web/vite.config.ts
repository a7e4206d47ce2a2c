/** Builds the page into `dist/page`, from where the collector serves it. Nothing in it comes from elsewhere. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** As text alone it would be told another host than the page's, and take what the page changes for another page's doing. */
const COLLECTOR = { target: 'http://127.0.0.1:7117', changeOrigin: false };

/** Each asset once more, as it is sent: packed once, and not with each request. */
const packed: Plugin = {
  name: 'packed',
  generateBundle(_options, bundle) {
    for (const [fileName, built] of Object.entries(bundle)) {
      if (!fileName.startsWith('assets/')) continue;
      const source = gzipSync(built.type === 'chunk' ? built.code : built.source, { level: 9 });
      this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source });
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
