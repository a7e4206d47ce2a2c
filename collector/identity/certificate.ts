/**
 * Client certificates. Who the CA says it is stands in a URI among the subject's alternative names,
 * `truant://<cluster>/<node>`; no other name counts.
 */
import type { Clock } from '../../shared/time.ts';
import type { Authenticator } from './authenticator.ts';
import { writer } from './caller.ts';

/** Letters of DNS alone, as in names of nodes: nothing that could be read in two ways. */
const IDENTITY = /^truant:\/\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;
/** One name as Node shows it: what could be misread is in quotes, as a JSON string. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy;
const MAX_NAMES = 16 * 1024;

export function createCertificateAuthenticator(clock: Clock): Authenticator {
  return {
    guarded: false,
    authenticate: async ({ token, certificate, strange }) => {
      // Who brings a token wants to be known by it: a proxy in between may have a certificate of its own.
      if (token !== undefined) return undefined;
      if (strange) {
        const detail = 'The certificate is not by the CA of collector.tls.clientCaFile, or has expired.';
        return { refused: 'unknown-certificate', detail };
      }
      if (!certificate) return undefined;
      // The connection may be older than the certificate's end.
      const now = clock.now() / 1000;
      if (now > Date.parse(certificate.validTo)) return { refused: 'expired', detail: 'The certificate has expired.' };
      if (now < Date.parse(certificate.validFrom)) {
        return { refused: 'not-yet-valid', detail: 'The certificate is not valid yet.' };
      }
      const identities = urisOf(certificate.subjectAltName ?? '').filter((uri) => uri.startsWith('truant:'));
      if (identities.length > 1) {
        return { refused: 'ambiguous', detail: 'The certificate has several names truant://.', proven: true };
      }
      const [, cluster, agent] = IDENTITY.exec(identities[0] ?? '') ?? [];
      if (cluster !== undefined && agent !== undefined) return writer({ cluster, agent });
      return {
        refused: 'no-identity',
        detail: 'The certificate has no name truant://<cluster>/<node> of small letters, digits, dots and hyphens.',
        proven: true,
      };
    },
  };
}

/** None at all where any part can't be read. */
function urisOf(names: string): string[] {
  const uris: string[] = [];
  let end = 0;
  for (const [whole, type, value = ''] of names.slice(0, MAX_NAMES).matchAll(NAME)) {
    end += whole.length;
    if (type === 'URI') uris.push(value);
  }
  return end === names.length ? uris : [];
}
