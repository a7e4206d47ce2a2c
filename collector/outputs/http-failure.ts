/** What an HTTP answer that is no success means, in words. */
import { retryAfter } from '../../shared/http/retry-after.ts';
import { type FailureReason, itSays, OutputFailure } from './failure.ts';

export interface Answer {
  status: number;
  /** What was called, without anything secret: `https://siem.example`. */
  peer: string;
  headers: Pick<Headers, 'get'>;
  /** The body, as far as it was read; without the secrets that were sent, should they be in it. */
  text: string;
  /** Of a redirect: where to, without what may be secret. */
  location?: string;
}

interface Meaning {
  reason: FailureReason;
  of?: 'message';
  detail: string;
  remedy?: string;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: { reason: 'rejected', of: 'message', detail: 'does not take this message' },
  401: {
    reason: 'authentication',
    detail: 'does not know who sends',
    remedy: 'Look at the secret that the output is configured with, and whether it is still valid.',
  },
  403: {
    reason: 'authorisation',
    detail: 'does not let it be sent',
    remedy: 'Give the user or token of this output the right to write there.',
  },
  404: { reason: 'not-found', detail: 'has nothing at this path', remedy: 'Look at the URL.' },
  405: {
    reason: 'protocol',
    detail: 'takes no POST at this path',
    remedy: 'Look at the URL: what answers there is not what the output is for.',
  },
  407: {
    reason: 'authentication',
    detail: 'is behind a proxy that does not know who sends',
    remedy: 'Put user and password of the proxy into HTTPS_PROXY, or name the host in NO_PROXY.',
  },
  408: { reason: 'busy', detail: 'has waited too long for the request' },
  410: { reason: 'not-found', detail: 'has nothing at this path any more', remedy: 'Make a new URL there.' },
  413: { reason: 'too-large', of: 'message', detail: 'takes no message of this size' },
  422: { reason: 'rejected', of: 'message', detail: 'does not take this message' },
  425: { reason: 'busy', detail: 'wants it later' },
  429: { reason: 'busy', detail: 'is sent too much' },
  503: { reason: 'busy', detail: 'is not ready' },
};

/**
 * @param answer with any status but 2xx
 * @param more.remedies better ones than those of HTTP in general
 * @param more.now milliseconds since 1970, to know how long it is to a date
 */
export function httpFailure(
  answer: Answer,
  { remedies = {}, now = Date.now() }: { remedies?: Partial<Record<FailureReason, string>>; now?: number } = {},
): OutputFailure {
  const { status, peer, headers, text, location } = answer;
  const { reason, of, detail, remedy: usual } = meaningOf(status, location);
  const remedy = remedies[reason] ?? usual;
  const retryAfterMs = retryAfter(headers.get('retry-after') ?? '', now);
  return new OutputFailure(reason, `${peer} answers ${status}: it ${detail}.${itSays(saidIn(text))}`, {
    ...(of && { of }),
    ...(remedy !== undefined && { remedy }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function meaningOf(status: number, location = 'nowhere'): Meaning {
  if (status >= 300 && status < 400) {
    const remedy = 'Configure the URL that it is sent on to, if that is right; redirects are not followed.';
    return { reason: 'protocol', detail: `sends on to ${location}`, remedy };
  }
  const known = MEANINGS[status];
  if (known) return known;
  if (status >= 500) return { reason: 'peer', detail: 'has trouble of its own' };
  return { reason: 'protocol', detail: 'was not meant to', remedy: 'Look at the URL.' };
}

/** Where servers put their sentence: RFC 9457, and what else is common. */
const SENTENCES = ['detail', 'error_description', 'message', 'error', 'reason', 'text', 'title'];
const MAX_SAID = 200;

/** On no more than a line; nothing of a page of HTML. */
function saidIn(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('<')) return '';
  return (sentenceIn(parsed(trimmed)) ?? trimmed).replaceAll(/\s+/g, ' ').slice(0, MAX_SAID);
}

function sentenceIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of SENTENCES) {
    const held: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    if (typeof held === 'string' && held !== '') return held;
    // As Elasticsearch has it; no deeper, since a body may be any.
    const within: unknown = typeof held === 'object' && held !== null ? Reflect.get(held, 'reason') : undefined;
    if (typeof within === 'string' && within !== '') return within;
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
