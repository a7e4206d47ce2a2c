import { describe, expect, it } from 'vitest';
import { compareRotated, parseRotatedName, type RotatedName } from '../../agent/sources/audit-file/rotation.ts';

describe('parseRotatedName', () => {
  const time = '2026-11-23T18-58-00.048';

  it.each<[string, RotatedName | undefined]>([
    [`audit-${time}.log`, { live: 'audit.log', time, compressed: false }],
    [`audit-${time}.log.gz`, { live: 'audit.log', time, compressed: true }],
    [`master-0-audit-${time}.log`, { live: 'master-0-audit.log', time, compressed: false }],
    [`audit-${time}`, { live: 'audit', time, compressed: false }],
    [`audit-${time}.gz`, { live: 'audit', time, compressed: true }],
    ['audit.log.1', { live: 'audit.log', number: 1, compressed: false }],
    ['audit.log.12.gz', { live: 'audit.log', number: 12, compressed: true }],
    ['audit.log', undefined],
    ['audit.log.gz', undefined],
    ['audit-2026-11-23.log', undefined],
    [`audit-${time}.log.bak`, undefined],
    [`-${time}.log`, undefined],
  ])('%s', (name, expected) => {
    expect(parseRotatedName(name)).toEqual(expected);
  });

  it('sorts oldest first', () => {
    const names = ['audit.log.2', `audit-${time}.log`, 'audit.log.10', 'audit-2025-11-23T18-58-00.048.log.gz'];
    const parsed = names.map((name) => ({ name, ...(parseRotatedName(name) as RotatedName) }));
    expect(parsed.sort(compareRotated).map(({ name }) => name)).toEqual([names[3], names[1], names[2], names[0]]);
  });
});
