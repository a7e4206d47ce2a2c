import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PAGE_POLICY, pageRoutes } from '../../collector/web/assets.ts';

describe('the page', () => {
  let folder: string;
  let server: FastifyInstance;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truant-page-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Truant</title>');
    await writeFile(join(folder, 'assets', 'index-abc.js'), 'export {};');
    await writeFile(join(folder, 'assets', 'index-abc.js.gz'), gzipSync('export {};'));
    server = Fastify();
    pageRoutes(folder)(server);
  });

  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  test.each(['/', '/alerts/prod/al_1', '/history?principal=shop/cart', '/credentials/JTI=1', '/fleet', '/rules/x'])(
    'is what is answered at %s, under a policy that lets nothing else run',
    async (url) => {
      const { statusCode, headers, body } = await server.inject(url);
      expect({ statusCode, body }).toEqual({ statusCode: 200, body: '<!doctype html><title>Truant</title>' });
      expect(headers['content-security-policy']).toBe(PAGE_POLICY);
      expect(headers['cache-control']).toBe('no-cache');
      expect(PAGE_POLICY).not.toMatch(/unsafe|\*|https?:|data:/);
    },
  );

  test('has assets that may be kept for good, and nothing beside them', async () => {
    const asset = await server.inject('/assets/index-abc.js');
    expect(asset.statusCode).toBe(200);
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(asset.headers['content-encoding']).toBeUndefined();
    const packed = await server.inject({ url: '/assets/index-abc.js', headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(packed.rawPayload).toString()).toBe('export {};');
    expect((await server.inject('/assets/../index.html')).statusCode).toBe(404);
    expect((await server.inject('/assets/%2e%2e/index.html')).statusCode).not.toBe(200);
    expect((await server.inject('/assets/index-other.js')).statusCode).toBe(404);
  });
});
