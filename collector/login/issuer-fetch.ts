/** How the issuer is asked: with patience and memory for so much, and nobody on the way. */
import type { CustomFetch } from 'openid-client';
import type { RequestInit } from 'undici';
import { isPrivate } from '../../shared/config/values.ts';
import { HttpClient, textOf, whyItFailed } from '../../shared/http/http-client.ts';
import { unavailable } from './issuer-trouble.ts';

export const PATIENCE_MS = 10_000;
const MAX_BYTES = 1024 * 1024;
const WITHOUT_BODY = [204, 205, 304];

/** @throws TruantError IDENTITY_UNAVAILABLE */
export function issuerFetch(caFile: string | undefined): CustomFetch {
  const client = new HttpClient({ caFile });
  return async (url, { method, headers, body, signal }) => {
    if (!isPrivate(url)) throw unavailable('it names an address that is not https');
    try {
      const init = { method, headers, body: body ?? null, redirect: 'manual' } as RequestInit;
      const response = await client.fetch(new URL(url), {
        ...init,
        signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status >= 500) throw new Error(`it answers with ${response.status}`);
      const text = await textOf(response, MAX_BYTES);
      return new Response(WITHOUT_BODY.includes(response.status) ? null : text, {
        status: response.status,
        headers: Object.fromEntries(response.headers),
      });
    } catch (error) {
      throw unavailable(whyItFailed(error));
    }
  };
}
