import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completed, type Lockfile, leftOut, platformOf } from '../../scripts/lockfile.ts';

const lockfile: Lockfile = {
  lockfileVersion: 3,
  packages: {
    '': {},
    'node_modules/tool': {
      version: '1.2.3',
      dev: true,
      optionalDependencies: { '@tool/linux-x64': '1.2.3', '@tool/darwin-arm64': '^1.2.3' },
    },
    'node_modules/@tool/linux-x64': { version: '1.2.3', optional: true },
    'node_modules/zod': { version: '4.0.0' },
  },
};

describe('the lockfile', () => {
  test('optional packages that were left out are found and named', () => {
    expect(leftOut(lockfile)).toEqual([{ name: '@tool/darwin-arm64', version: '1.2.3', dev: true }]);
    const whole = completed(lockfile);
    expect(leftOut(whole)).toEqual([]);
    expect(whole.packages['node_modules/@tool/darwin-arm64']).toEqual({
      version: '1.2.3',
      os: ['darwin'],
      cpu: ['arm64'],
      dev: true,
      optional: true,
    });
    expect(Object.keys(whole.packages)).toEqual([
      '',
      'node_modules/@tool/darwin-arm64',
      'node_modules/@tool/linux-x64',
      'node_modules/tool',
      'node_modules/zod',
    ]);
    expect(completed(whole)).toEqual(whole);
  });

  test('a name says for which platform a package is', () => {
    expect(platformOf('@a/cli-linux-x64-musl')).toEqual({ os: ['linux'], cpu: ['x64'], libc: ['musl'] });
    expect(platformOf('@a/binding-linux-arm-musleabihf')).toEqual({ os: ['linux'], cpu: ['arm'], libc: ['musl'] });
    expect(platformOf('@a/binding-linux-s390x-gnu')).toEqual({ os: ['linux'], cpu: ['s390x'], libc: ['glibc'] });
    expect(platformOf('@a/win32-arm64')).toEqual({ os: ['win32'], cpu: ['arm64'] });
    expect(platformOf('@a/binding-wasm32-wasi')).toEqual({ cpu: ['wasm32'] });
    expect(() => platformOf('fsevents')).toThrow(/does not say for which platform/);
  });

  test("the repository's own is whole", () => {
    expect(leftOut(JSON.parse(readFileSync('package-lock.json', 'utf8')))).toEqual([]);
  });
});
