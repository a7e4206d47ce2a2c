/** Tokens that somebody made up and handed out; only their SHA-256 hashes are known here. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { TruantError } from '../../shared/errors.ts';
import type { Authenticator } from './authenticator.ts';
import { type Caller, PERSON_ROLES, type PersonRole, type Writes, writer } from './caller.ts';

export interface TokenHashes extends Record<PersonRole, readonly string[]> {
  /** As the others `sha256:<64 hex digits>`; what may follow is no name, but what its owner may write as after it: ` <cluster>[/<node>]`. */
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

function knownTokens(hashes: TokenHashes, cluster: string): Known[] {
  const known = [
    ...PERSON_ROLES.flatMap((role) =>
      hashes[role].map((entry, n): Known => {
        const { digest, rest } = parse(entry);
        const id = `${role} ${n + 1}`;
        return { digest, caller: { role, id, name: rest ?? id } };
      }),
    ),
    ...hashes.writers.map((entry): Known => {
      const { digest, rest } = parse(entry);
      return { digest, caller: writer(rest === undefined ? { cluster } : writesOf(rest)) };
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

function writesOf(text: string): Writes {
  const [, cluster, agent] = /^([^/]+)(?:\/([^/]+))?$/.exec(text) ?? [];
  if (cluster === undefined)
    throw new TruantError('CONFIG_INVALID', 'After a hash must be <cluster> or <cluster>/<node>.');
  return { cluster, ...(agent !== undefined && { agent }) };
}

/** What follows the hash: whose it is, or as what its owner writes. */
function parse(entry: string): { digest: Buffer; rest: string | undefined } {
  const [, hex, rest] = /^sha256:([0-9a-f]{64})(?: ([^ ]+))?$/.exec(entry) ?? [];
  if (hex === undefined) {
    throw new TruantError('CONFIG_INVALID', 'A token hash must be sha256: and 64 hexadecimal digits.');
  }
  return { digest: Buffer.from(hex, 'hex'), rest };
}
