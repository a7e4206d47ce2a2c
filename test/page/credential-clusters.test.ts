import { describe, expect, it } from 'vitest';
import { clustersIn } from '../../collector/web/page/views/credential/clusters.ts';

describe('an id that several clusters know', () => {
  it.each([
    [400, 'cluster must be given, one of eu, us: several know that id', ['eu', 'us']],
    [400, 'cluster must be text of at most 253 characters', []],
    [404, 'cluster must be given, one of eu, us: several know that id', []],
  ])('%d %s', (status, message, clusters) => {
    expect(clustersIn({ status, message })).toEqual(clusters);
  });

  it('is no problem where there is none', () => {
    expect(clustersIn(undefined)).toEqual([]);
  });
});
