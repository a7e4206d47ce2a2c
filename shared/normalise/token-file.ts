import type { TokenFile } from '../schema/observation.ts';
export type TokenFileRejectReason = 'not-a-token-file' | 'bad-time';
export function normaliseTokenFile(_line: unknown, _node: string | undefined): TokenFile | TokenFileRejectReason {
  return 'not-a-token-file';
}
