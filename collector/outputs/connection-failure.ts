/** Why the other side could not be reached, in words: of HTTP, and of any other connection over TCP and TLS. */
import { TruantError } from '../../shared/errors.ts';
import { type TlsTrouble, tlsTroubleOf } from '../../shared/http/tls-trouble.ts';
import { type FailureReason, OutputFailure } from './failure.ts';

/** What is said of a reason, to follow the name of the other side. */
interface Words {
  reason: FailureReason;
  detail: string;
  remedy?: string;
}

const FIREWALL = 'Look at the address and port, and whether a network policy or a firewall lets the collector through.';

const CLOSED =
  'Should it always do so: look whether it wants TLS, or a client certificate, which some servers say in no other way.';

const TLS: Readonly<Record<TlsTrouble, Omit<Words, 'reason'>>> = {
  untrusted: {
    detail: 'has a certificate that nobody who is trusted here has signed',
    remedy: "Name in the output's tls.caFile the CA that signed it.",
  },
  'out-of-date': {
    detail: 'has a certificate that has expired, or is not valid yet',
    remedy: "Renew that certificate; if it is good, put the collector's clock right.",
  },
  'other-name': {
    detail: 'has a certificate for another name',
    remedy: 'Write in the configuration a name that is in the certificate.',
  },
  'no-tls': {
    detail: 'does not speak TLS there',
    remedy: 'Look at the port, and whether the other side has TLS there.',
  },
  'own-files': {
    detail: 'was not called, as the own certificate and key are no pair, or not PEM',
    remedy: "Name in the output's tls.certFile and tls.keyFile a certificate and its own key, both PEM.",
  },
  'own-certificate': {
    detail: 'wants a client certificate, or does not take the one that it was shown',
    remedy: "Name in the output's tls.certFile and tls.keyFile a certificate that it takes, and its key.",
  },
  'no-agreement': {
    detail: 'speaks no version of TLS that is spoken here',
    remedy: 'Let the other side speak TLS 1.2 or later.',
  },
};

const BY_CODE: Readonly<Record<string, Words>> = {
  ENOTFOUND: {
    reason: 'dns',
    detail: 'is a name that the name server does not know',
    remedy: 'Look for a slip in the name, and whether it is known in the network of the collector.',
  },
  EAI_AGAIN: {
    reason: 'dns',
    detail: 'is a name that no name server answers for',
    remedy: "Look at the collector's name server.",
  },
  ECONNREFUSED: {
    reason: 'unreachable',
    detail: 'refuses connections: nobody listens at that port',
    remedy: 'Start what is to listen there, or correct the address and port.',
  },
  EHOSTUNREACH: { reason: 'unreachable', detail: 'cannot be reached: there is no way to it', remedy: FIREWALL },
  ENETUNREACH: { reason: 'unreachable', detail: 'cannot be reached: there is no way to its network', remedy: FIREWALL },
  EADDRNOTAVAIL: { reason: 'unreachable', detail: 'cannot be reached: there is no way to it', remedy: FIREWALL },
  EACCES: { reason: 'unreachable', detail: 'cannot be reached: this machine does not allow it', remedy: FIREWALL },
  EPERM: { reason: 'unreachable', detail: 'cannot be reached: this machine does not allow it', remedy: FIREWALL },
  ENOBUFS: { reason: 'unreachable', detail: 'cannot be reached: this machine has no room for a connection' },
  EMFILE: { reason: 'unreachable', detail: 'cannot be reached: the collector has too many files open' },
  ETIMEDOUT: { reason: 'timeout', detail: 'does not answer at all', remedy: FIREWALL },
  UND_ERR_CONNECT_TIMEOUT: { reason: 'timeout', detail: 'does not take the connection in time', remedy: FIREWALL },
  UND_ERR_HEADERS_TIMEOUT: { reason: 'timeout', detail: 'has not answered in time' },
  UND_ERR_BODY_TIMEOUT: { reason: 'timeout', detail: 'has not answered in full in time' },
  ECONNRESET: { reason: 'peer', detail: 'has broken the connection off', remedy: CLOSED },
  EPIPE: { reason: 'peer', detail: 'has closed the connection while it was written to' },
  UND_ERR_SOCKET: { reason: 'peer', detail: 'has closed the connection before it answered', remedy: CLOSED },
  ERR_STREAM_PREMATURE_CLOSE: {
    reason: 'peer',
    detail: 'has closed the connection before it answered',
    remedy: CLOSED,
  },
  UND_ERR_ABORTED: {
    reason: 'unreachable',
    detail: 'cannot be reached: the proxy refuses the way to it',
    remedy: 'Let the proxy of HTTPS_PROXY pass to it, or name it in NO_PROXY.',
  },
};

/** An error of llhttp, undici's parser, or of what unpacks an answer. */
const NOT_HTTP = /^HPE_|^Z_|^HTTPParserError$|^UND_ERR_(?:HEADERS_OVERFLOW|RESPONSE)/;

/**
 * @param peer what was called, without anything secret: `siem.example:6514`
 * @param signal that the delivery had, for the words when it is over
 */
export function connectionFailure(error: unknown, peer: string, signal?: AbortSignal): OutputFailure {
  if (error instanceof OutputFailure) return error;
  if (signal?.aborted === true) return interrupted(signal.reason, peer);
  const chain = [...causes(error)];
  const own = chain.find((cause) => cause instanceof TruantError);
  // Of a file with a certificate.
  if (own) return new OutputFailure('secret', `${sentence(own.message)}.`, { cause: error, ...remedyOf(own) });
  const { reason, detail, remedy } = wordsOf(chain);
  const more = remedy === undefined ? {} : { remedy };
  return new OutputFailure(reason, `${peer} ${detail}.`, { cause: error, ...more });
}

/** Its time is over, or nobody waits for it any more. */
function interrupted(why: unknown, peer: string): OutputFailure {
  const isStop = !(why instanceof Error && why.name === 'TimeoutError');
  if (isStop) return new OutputFailure('timeout', `The delivery to ${peer} was ended before it was answered.`);
  return new OutputFailure('timeout', `${peer} has not answered in time.`, {
    remedy: "Look at what the other side does so long, or set the output's timeoutSeconds higher.",
  });
}

function wordsOf(chain: readonly Error[]): Words {
  const trouble = tlsTroubleOf(chain[0]);
  if (trouble) return { reason: trouble === 'own-files' ? 'secret' : 'tls', ...TLS[trouble] };
  const codes = chain.map((error) => String(Reflect.get(error, 'code') ?? error.name));
  for (const code of codes.toReversed()) {
    const known = BY_CODE[code];
    if (known) return known;
    if (code === 'TimeoutError') return { reason: 'timeout', detail: 'has not answered in time' };
    if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_'))
      return { reason: 'tls', detail: `and the collector do not come to terms over TLS (${code})` };
    if (NOT_HTTP.test(code))
      return {
        reason: 'protocol',
        detail: 'does not speak HTTP as it should',
        remedy: 'Look at the address and port.',
      };
  }
  return { reason: 'unreachable', detail: `cannot be spoken with (${codes.at(-1) ?? 'no reason given'})` };
}

const remedyOf = ({ remedy }: TruantError) => (remedy === undefined ? {} : { remedy });
const sentence = (text: string): string => text.replace(/\.$/, '');

/** An error and what it wraps, the innermost last; of several that were told at once, the last. */
function* causes(error: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  let at = error;
  while (at instanceof Error && !seen.has(at)) {
    seen.add(at);
    yield at;
    at = at instanceof AggregateError ? at.errors.at(-1) : at.cause;
  }
}
