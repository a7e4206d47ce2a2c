import { expect, test } from 'vitest';
import { sourceStatus } from '../../agent/source-status.ts';
import { SourceStatus } from '../../shared/schema/observation.ts';

const said = {
  node: 'node-a',
  source: 'audit-file',
  status: 'blind',
  reason: 'file-missing',
  detail: '/audit.log',
  time: 1_893_499_200_000_000,
} as const;

test('what a source says about itself has an id of its own for each node, source, status, reason and time', () => {
  const all = [
    said,
    { ...said, node: 'node-b' },
    { ...said, node: undefined },
    { ...said, source: 'kubernetes' as const },
    { ...said, status: 'ok' as const },
    { ...said, reason: 'file-unreadable' },
    { ...said, time: said.time + 1 },
  ].map(sourceStatus);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(sourceStatus(said)).toEqual(all[0]);
});

test.each([said, { ...said, node: undefined }])('it fits the schema: node $node', (given) => {
  const status = sourceStatus({ ...given, detail: 'x'.repeat(5000) });
  expect(SourceStatus.parse(status)).toEqual(status);
  expect(Object.hasOwn(status, 'node')).toBe(given.node !== undefined);
});
