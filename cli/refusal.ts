/** What a collector's refusal means to whoever asked, in words. */
import type { Response } from 'undici';
import { z } from 'zod';
import { TruantError } from '../shared/errors.ts';
import { printable } from '../shared/text.ts';

/** RFC 9457: what is wrong, as a sentence. */
const Problem = z.looseObject({ detail: z.string() });

/** @param body undefined: it is no JSON */
export function refused(response: Response, url: URL, body: unknown): TruantError {
  const problem = Problem.safeParse(body).data;
  const said = printable(problem?.detail ?? `HTTP status ${response.status}`).slice(0, 500);
  switch (response.status) {
    case 400:
      return new TruantError('REQUEST_INVALID', said);
    case 401:
      return new TruantError('COLLECTOR_REFUSED', `the collector at ${url.origin} refuses: ${said}`, {
        remedy: 'Put a token that the collector accepts into TRUANT_TOKEN.',
      });
    case 403:
      return new TruantError('COLLECTOR_REFUSED', `the collector at ${url.origin} refuses: ${said}`, {
        remedy: 'Put the token of somebody who may do that into TRUANT_TOKEN.',
      });
    case 404:
      return problem ? notFound(url, said) : notOurs(url);
    case 409:
      return new TruantError('CONFLICT', said, { remedy: 'Look at it as it is now, and decide anew.' });
    default:
      return new TruantError('COLLECTOR_UNREACHABLE', `the collector at ${url.origin} can't answer: ${said}`);
  }
}

/** Below another path than its own a collector has nothing, and can't know what was meant. */
function notFound(url: URL, said: string): TruantError {
  const [path] = url.pathname.split('/api/');
  const remedy = `Name the collector by its base address, with --url or TRUANT_URL: ${url.origin}, without ${path}.`;
  return new TruantError('NOT_FOUND', said, path ? { remedy } : {});
}

export function notOurs(url: URL, cause?: unknown): TruantError {
  return new TruantError('COLLECTOR_UNREACHABLE', `what answers at ${url.origin} is no collector of this version`, {
    cause,
    remedy: 'Check --url or TRUANT_URL.',
  });
}
