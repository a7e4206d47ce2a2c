/** Who may ask for what. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../../shared/config/values.ts';
import { TruantError } from '../../shared/errors.ts';

/** `open`: anybody, without a token; `read`: readers; `write`: writers, who may do nothing else. */
export type Access = 'open' | 'read' | 'write';

export interface TokenHashes {
  /** `sha256:<64 hex digits>` */
  readers: readonly string[];
  writers: readonly string[];
}

/** Undefined: no authentication, for loopback alone. */
export type Authentication = TokenHashes | undefined;

/** `granted`, or why not. */
export type Verdict = 'granted' | 'unauthenticated' | 'forbidden';

/** @throws TruantError LISTEN_UNSAFE when others than this machine could ask without a token */
export function refuseUnsafe(host: string, authentication: Authentication): void {
  if (authentication || isLoopback(host)) return;
  throw new TruantError(
    'LISTEN_UNSAFE',
    `Listening on ${host} without authentication would show everything to everybody.`,
    {
      remedy: 'Set collector.auth.mode: token, or listen on 127.0.0.1.',
    },
  );
}

/**
 * What the configuration can't see: hashes in files.
 *
 * @throws TruantError CONFIG_INVALID when a token would be of both kinds
 */
export function refuseShared({ readers, writers }: TokenHashes): void {
  if (!writers.some((hash) => readers.includes(hash))) return;
  throw new TruantError(
    'CONFIG_INVALID',
    'The same hash is in collector.auth.tokenHashes or tokensFile and in collector.auth.agentTokenHashes or agentTokensFile: that token could both send and ask.',
    { remedy: 'Give agents a token of their own.' },
  );
}

/** Decides by the Authorization header. It compares with every hash, always, so that time tells nothing. */
export function createGate(authentication: Authentication): (access: Access, authorization?: string) => Verdict {
  if (!authentication) return () => 'granted';
  const known = [
    ...authentication.readers.map((hash) => ({ access: 'read' as const, digest: digestOf(hash) })),
    ...authentication.writers.map((hash) => ({ access: 'write' as const, digest: digestOf(hash) })),
  ];
  return (access, authorization) => {
    if (access === 'open') return 'granted';
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    const presented = createHash('sha256')
      .update(token ?? '')
      .digest();
    const granted = new Set<Access>();
    for (const { access, digest } of known) if (timingSafeEqual(digest, presented)) granted.add(access);
    if (token === undefined || granted.size === 0) return 'unauthenticated';
    return granted.has(access) ? 'granted' : 'forbidden';
  };
}

function digestOf(hash: string): Buffer {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(hash) ?? [];
  if (hex === undefined)
    throw new TruantError('CONFIG_INVALID', 'A token hash must be sha256: and 64 hexadecimal digits.');
  return Buffer.from(hex, 'hex');
}
