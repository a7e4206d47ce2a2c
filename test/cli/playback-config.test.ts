/** What of a configuration holds while a recording is played. */
import { expect, test } from 'vitest';
import { playbackConfig } from '../../cli/run/settings.ts';
import { parseConfig } from '../../shared/config/parse.ts';

const scratch = { folder: '/tmp/scratch', auditFolder: '/tmp/scratch/audit', remove: async () => undefined };

test('a played theft is told to nobody else', () => {
  const config = parseConfig({ collector: { outputs: { soc: { stdout: {} } } } });
  expect(Object.keys(config.collector.outputs)).toEqual(['soc']);
  expect(playbackConfig(config, scratch, 7117).collector.outputs).toEqual({});
});
