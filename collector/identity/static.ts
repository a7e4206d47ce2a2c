/** Tokens that somebody made up and handed out; only their SHA-256 hashes are known here. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { TruantError } from '../../shared/errors.ts';
import type { Authenticator } from './authenticator.ts';
import { type Caller, writer } from './caller.ts';

export interface TokenHashes {
  /** `sha256:<64 hex digits>` */
  readers: readonly string[];
  admins: readonly string[];
  /** `sha256:<64 hex digits>`, or with what its owner may write as after it: ` <cluster>[/<node>]`. */
  writers: readonly string[];
}

interface Known {
  digest: Buffer;
  caller: Caller;
}

/**
 * @param cluster what agents may write as whose entry says nothing else
 * @throws TruantError CONFIG_INVALID when an entry is none, or a token would have two roles
 */
export function createStaticAuthenticator(hashes: TokenHashes, cluster: string): Authenticator {
  const known = knownTokens(hashes, cluster);
  return {
    guarded: true,
    /** Compares with every hash, always, so that time tells nothing. */
    authenticate: async ({ token }) => {
      if (token === undefined) return undefined;
      const presented = createHash('sha256').update(token).digest();
      let found: Caller | undefined;
      for (const { digest, caller } of known) if (timingSafeEqual(digest, presented)) found = caller;
      return token === '' ? undefined : found;
    },
  };
}

function knownTokens({ readers, admins, writers }: TokenHashes, cluster: string): Known[] {
  const known = [
    ...readers.map(
      (entry, n): Known => ({ digest: parse(entry).digest, caller: { role: 'viewer', id: `viewer ${n}` } }),
    ),
    ...admins.map((entry, n): Known => ({ digest: parse(entry).digest, caller: { role: 'admin', id: `admin ${n}` } })),
    ...writers.map((entry): Known => {
      const { digest, writes } = parse(entry);
      return { digest, caller: writer(writes ?? { cluster }) };
    }),
  ];
  const meanings = new Map<string, string>();
  for (const { digest, caller } of known) {
    const hex = digest.toString('hex');
    const meaning = caller.role === 'writer' ? caller.id : caller.role;
    const other = meanings.get(hex) ?? meaning;
    if (other !== meaning) {
      throw new TruantError(
        'CONFIG_INVALID',
        `collector.auth has the same hash twice, for ${other} and for ${meaning}.`,
        {
          remedy: 'Give each a token of its own: agents send and do nothing else, each as one cluster.',
        },
      );
    }
    meanings.set(hex, meaning);
  }
  return known;
}

function parse(entry: string): { digest: Buffer; writes?: { cluster: string; agent?: string } } {
  const [, hex, cluster, agent] = /^sha256:([0-9a-f]{64})(?: ([^/ ]+)(?:\/([^/ ]+))?)?$/.exec(entry) ?? [];
  if (hex === undefined) {
    throw new TruantError('CONFIG_INVALID', 'A token hash must be sha256: and 64 hexadecimal digits.');
  }
  const writes = cluster === undefined ? {} : { writes: { cluster, ...(agent !== undefined && { agent }) } };
  return { digest: Buffer.from(hex, 'hex'), ...writes };
}
