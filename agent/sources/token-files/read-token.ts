/** The only place that reads token files: claims leave it, tokens don't. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MAX_TOKEN_BYTES, readClaims } from '../../../shared/normalise/token-claims.ts';
import type { TokenClaims } from '../../../shared/schema/token-open.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;

/**
 * Undefined: not a ServiceAccount's token. Rejects when the file can't be read.
 *
 * @param dev the device that the file has to be on: of another, somebody has put it in the way
 */
export async function readToken(path: string, dev: bigint): Promise<TokenClaims | undefined> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    const found = await file.stat({ bigint: true });
    if (!found.isFile() || found.dev !== dev || found.size > MAX_TOKEN_BYTES) return undefined;
    const content = Buffer.alloc(Number(found.size));
    const { bytesRead } = await file.read(content, 0, content.length, 0);
    const claims = readClaims(content.subarray(0, bytesRead));
    content.fill(0);
    return claims;
  } finally {
    await file.close();
  }
}
