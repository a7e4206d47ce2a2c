/**
 * From which page a request comes, as the browser says. Other programs say nothing of it, and nobody can have a browser
 * say something else.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface OwnOrigin {
  /** TLS is spoken here or in front. */
  secure: boolean;
  /** As browsers are told to reach it; besides the host that the request itself names. */
  publicUrl: string | undefined;
}

/** `unsaid`: by no browser, or by one that doesn't say. */
export type Origin = 'own' | 'foreign' | 'unsaid';

export function originOf(headers: IncomingHttpHeaders, own: OwnOrigin): Origin {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  // Navigations that a person begins are of no page: none.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'foreign';
  // Which page it is from stays unsaid where a policy of referrers wants that; of which origin does not.
  if (origin === 'null' && site === 'same-origin') return 'own';
  if (origin !== undefined) return isOwn(origin, headers.host, own) ? 'own' : 'foreign';
  return site === 'same-origin' ? 'own' : 'unsaid';
}

function isOwn(origin: string, host: string | undefined, { secure, publicUrl }: OwnOrigin): boolean {
  if (origin === publicUrl) return true;
  const url = `${secure ? 'https' : 'http'}://${host ?? ''}`;
  return URL.canParse(url) && new URL(url).origin === origin;
}
