import { expect, test } from 'vitest';
import { parseConfig } from '../../shared/config/parse.ts';
import { shownConfig } from '../../shared/config/shown.ts';

test('a shown configuration has no secrets, and everything else', () => {
  const hash = `sha256:${'b'.repeat(64)}`;
  const config = parseConfig({
    collector: {
      auth: { mode: 'token', viewerTokenHashes: [hash], agentTokenHashes: [`${hash.replace('b', 'c')} a`] },
    },
    detection: { rules: { 'token-recon': { enabled: false } } },
  });
  expect(shownConfig(config)).toEqual({
    ...config,
    collector: {
      ...config.collector,
      auth: { ...config.collector.auth, viewerTokenHashes: '[set]', agentTokenHashes: '[set]' },
    },
  });
  expect(shownConfig(parseConfig({}))).toEqual(parseConfig({}));
});
