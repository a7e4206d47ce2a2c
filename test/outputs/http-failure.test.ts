/** That people are told why nothing arrives over HTTP, and that what is secret stays so. */
import fc from 'fast-check';
import { Headers } from 'undici';
import { describe, expect, test } from 'vitest';
import type { FailureReason } from '../../collector/outputs/failure.ts';
import { type Answer, httpFailure } from '../../collector/outputs/http-failure.ts';

const answer = (status: number, parts: Partial<Answer> = {}): Answer => ({
  status,
  peer: 'https://siem.example',
  headers: new Headers(),
  text: '',
  ...parts,
});

describe('an answer', () => {
  test.each<[number, FailureReason, 'message' | 'output', RegExp]>([
    [400, 'rejected', 'message', /does not take this message/],
    [401, 'authentication', 'output', /does not know who sends/],
    [403, 'authorisation', 'output', /does not let it be sent/],
    [404, 'not-found', 'output', /nothing at this path/],
    [405, 'protocol', 'output', /takes no POST/],
    [407, 'authentication', 'output', /proxy/],
    [408, 'busy', 'output', /waited too long/],
    [410, 'not-found', 'output', /any more/],
    [413, 'too-large', 'message', /of this size/],
    [418, 'protocol', 'output', /not meant to/],
    [422, 'rejected', 'message', /does not take this message/],
    [425, 'busy', 'output', /later/],
    [429, 'busy', 'output', /too much/],
    [500, 'peer', 'output', /trouble of its own/],
    [502, 'peer', 'output', /trouble of its own/],
    [503, 'busy', 'output', /not ready/],
    [101, 'protocol', 'output', /not meant to/],
  ])('of %i is %s of the %s', (status, reason, of, words) => {
    const failure = httpFailure(answer(status));
    expect(failure).toMatchObject({ reason, of, message: expect.stringMatching(words) });
    expect(failure.message).toBe(failure.message.trim());
    expect(failure.message).toContain(`https://siem.example answers ${status}: it `);
  });

  test('of a redirect is said with where to', () => {
    const { reason, of, message } = httpFailure(answer(308, { location: 'https://other.example/in' }));
    expect({ reason, of }).toEqual({ reason: 'protocol', of: 'output' });
    expect(message).toContain('sends on to https://other.example/in');
    expect(httpFailure(answer(302)).message).toContain('sends on to nowhere');
  });

  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['9999999999999', undefined],
    ['', undefined],
  ])('with Retry-After %j is asked again after %s ms', (header, ms) => {
    const headers = new Headers({ 'retry-after': header });
    const now = Date.UTC(1994, 10, 6, 8, 49, 0);
    expect(httpFailure(answer(429, { headers }), { now }).retryAfterMs).toBe(ms);
  });

  test.each([
    ['plain words', 'plain words'],
    ['{"detail":"of a problem","title":"No"}', 'of a problem'],
    ['{"error":{"reason":"no such index","type":"x"}}', 'no such index'],
    ['{"text":"Invalid token","code":4}', 'Invalid token'],
    ['{"message":"","error":"bad"}', 'bad'],
    ['"only a string"', 'only a string'],
    ['[1]', '[1]'],
    ['two\nlines', 'two lines'],
  ])('%j is shown as %j', (text, said) => {
    expect(httpFailure(answer(500, { text })).message.split(' It says: ')[1]).toBe(`"${said}".`);
  });

  test('of HTML is not shown', () => {
    expect(httpFailure(answer(502, { text: '  <html><h1>Bad Gateway' })).message).not.toContain('It says');
  });

  test('that shows a token is scrubbed, and on one printable line', () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(50)}.sig`;
    const { message } = httpFailure(answer(400, { text: `bad ${token} \u001b[31m` }));
    expect(message).not.toContain('eyJ');
    expect(message).toContain('\\e[31m');
  });

  test('may be anything', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
        (status, text) => {
          const { message } = httpFailure(answer(status, { text }));
          expect(message.length).toBeLessThan(2500);
          expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        },
      ),
    );
  });

  test('is advised on as the output knows better', () => {
    expect(httpFailure(answer(404), { remedies: { 'not-found': 'Make the index.' } }).remedy).toBe('Make the index.');
  });
});
