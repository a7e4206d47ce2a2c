import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanArgs } from '../../shared/normalise/arguments.ts';
import { isRunOf } from '../../shared/normalise/hook.ts';
import { fakeToken } from './lines.ts';

describe('a command line as it is kept', () => {
  it.each<[string, string[], string[]]>([
    ['as it is', ['ls', '-l', '/'], ['ls', '-l', '/']],
    ['nothing', [], []],
    ['empty words', ['', ''], ['', '']],
    ['a secret in its own word', ['kubectl', '--token', 'opaque'], ['kubectl', '--token', '[scrubbed]']],
    [
      '... of any such name',
      ['x', '--client-secret', 'a', '-password', 'b'],
      ['x', '--client-secret', '[scrubbed]', '-password', '[scrubbed]'],
    ],
    ['... in the same word', ['x', '--token=opaque', 'b'], ['x', '--token=[scrubbed]', 'b']],
    ['... whose name only begins so', ['x', '--token-file', '/a'], ['x', '--token-file', '/a']],
    [
      'a header',
      ['curl', '-H', 'Authorization: Bearer 0123456789abcdef0123'],
      ['curl', '-H', 'Authorization: Bearer [scrubbed]'],
    ],
  ])('%s', (_, given, kept) => {
    expect(cleanArgs(given)).toEqual(kept);
  });

  it('has no token', () => {
    const token = fakeToken();
    expect(cleanArgs(['curl', '-H', `Authorization: Bearer ${token}`, token, `x${token}`]).join(' ')).not.toContain(
      'eyJ',
    );
  });

  it('is bounded, whatever it is, and of as many words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 600 }), { maxLength: 60 }), (args) => {
        const kept = cleanArgs(args);
        expect(kept).toHaveLength(Math.min(32, args.length));
        for (const word of kept) expect(word.length).toBeLessThanOrEqual(256);
      }),
    );
  });
});

describe("a command of the pod's own spec at work", () => {
  it.each<[string, string[], string[]]>([
    ['to the letter', ['/bin/grpc_health_probe', '-addr=:8080'], ['/bin/grpc_health_probe', '-addr=:8080']],
    ['a script', ['/health.sh'], ['/bin/sh', '/health.sh']],
    ['a script with words', ['/health.sh', '-v', 'x'], ['/bin/bash', '/health.sh', '-v', 'x']],
    ['a script whose interpreter has an argument', ['/health.sh'], ['/bin/sh', '-e', '/health.sh']],
    ['a script by way of env', ['/health.sh'], ['bash', '/health.sh']],
    ['a script that was looked up', ['health.sh', 'x'], ['/bin/sh', '/usr/local/bin/health.sh', 'x']],
    ['a shell that becomes its only command', ['sh', '-c', 'cat /token'], ['cat', '/token']],
    ['... however it was written', ['/bin/bash', '-c', ' cat   /token\n'], ['cat', '/token']],
    ['a shell with more to do', ['sh', '-c', 'a && b'], ['sh', '-c', 'a && b']],
  ])('%s', (_, command, args) => {
    expect(isRunOf(command, args)).toBe(true);
  });

  it.each<[string, string[], string[]]>([
    ['something else', ['/health.sh'], ['cat', '/token']],
    ['one word more', ['/health.sh'], ['/health.sh', 'x']],
    ['one word less', ['/health.sh', 'x'], ['/health.sh']],
    ['another word', ['/health.sh', 'x'], ['/bin/sh', '/health.sh', 'y']],
    ['two words before a script', ['/health.sh'], ['/bin/sh', '/evil.sh', '/health.sh']],
    ['three words before a script', ['/health.sh'], ['/bin/sh', '-c', 'cat /token', '/health.sh']],
    ['a script of a longer name', ['health.sh'], ['/bin/sh', '/tmp/not-health.sh']],
    ['one of several commands of a shell', ['sh', '-c', 'cat /token; true'], ['cat', '/token']],
    ['what is no shell', ['python', '-c', 'cat /token'], ['cat', '/token']],
    ['what is no command of a shell', ['sh', '-x', 'cat /token'], ['cat', '/token']],
    ['nothing', ['/health.sh'], []],
    ['nothing of nothing but a word', [''], ['sh', '']],
  ])('not %s', (_, command, args) => {
    expect(isRunOf(command, args)).toBe(false);
  });
});
