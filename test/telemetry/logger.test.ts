import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from '../../shared/telemetry/logger.ts';

const JWT = [{ alg: 'RS256', kid: 'x' }, { sub: 'system:serviceaccount:a:b' }, 'signature']
  .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
  .join('.');

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', ...options }, { write: (line) => lines.push(line) });
  return { log, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('logger', () => {
  test('writes one JSON object a line, with the level by name', () => {
    const { log, lines, last } = capture();
    log.child({ component: 'audit-file' }).warn({ offset: 4096 }, 'audit log truncated');
    expect(last()).toMatchObject({ level: 'warn', component: 'audit-file', offset: 4096, msg: 'audit log truncated' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(lines.at(-1)).toMatch(/\n$/);
  });

  test('keeps to its level', () => {
    const { log, lines } = capture({ level: 'error' });
    log.info('agent started');
    expect(lines).toEqual([]);
  });

  test('replaces what stands below token-like keys, at any depth', () => {
    const { log, last } = capture();
    log.info(
      {
        token: 'abc',
        headers: { Authorization: 'Bearer abc', accept: 'x' },
        list: [{ client_secret: 'abc' }],
        tokenFile: '/var/token',
        tokenCount: 3,
        passwords: ['abc'],
      },
      'request sent',
    );
    expect(JSON.stringify(last())).not.toContain('abc');
    expect(last()).toMatchObject({ headers: { accept: 'x' }, tokenFile: '/var/token', tokenCount: 3 });
  });

  test.each([
    ['a message', (log: ReturnType<typeof createLogger>) => log.info(`read ${JWT}`)],
    ['a field', (log: ReturnType<typeof createLogger>) => log.info({ uri: `/x?y=${JWT}` }, 'x')],
    ['a key', (log: ReturnType<typeof createLogger>) => log.info({ [JWT]: 1 }, 'x')],
    ['an error', (log: ReturnType<typeof createLogger>) => log.error(new Error(`refused ${JWT}`))],
    ['bindings of a child', (log: ReturnType<typeof createLogger>) => log.child({ who: JWT }).info('x')],
    [
      'what a client attached to an error',
      (log: ReturnType<typeof createLogger>) =>
        log.error({ err: Object.assign(new Error('x', { cause: new Error(JWT) }), { request: { body: JWT } }) }, 'x'),
    ],
  ])('lets no JWT through in %s', (_where, write) => {
    for (const pretty of [false, true]) {
      const { log, lines } = capture({ pretty });
      write(log);
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toContain('eyJ');
    }
  });

  test('an error keeps type, message, code, stack and cause', () => {
    const { log, last } = capture();
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    log.error({ err: new TypeError('fetch failed', { cause }) }, 'delivery failed');
    expect(last()['err']).toMatchObject({
      type: 'TypeError',
      message: 'fetch failed',
      stack: expect.stringContaining('logger.test'),
      cause: { message: 'connect', code: 'ECONNREFUSED' },
    });
  });

  test('survives a field that holds itself', () => {
    const { log, lines } = capture();
    const self: Record<string, unknown> = {};
    self['self'] = self;
    log.info({ self }, 'x');
    expect(lines).toHaveLength(1);
  });

  test('pretty: one line for people, without control characters', () => {
    const { log, lines } = capture({ pretty: true });
    log.info({ component: 'spool', note: 'two\nlines \u001b[31m', bytes: 7 }, 'batch sent');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}batch sent component=spool note="[^\n\u001b]*" bytes=7\n$/);
  });
});
