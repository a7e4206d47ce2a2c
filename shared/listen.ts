/** What it means that an address can't be listened on. */
import { TruantError } from './errors.ts';

export interface Listen {
  host: string;
  /** 0: any free one. */
  port: number;
}

/** @param key the configuration's section that says where to listen */
export function listenFailed(cause: unknown, { host, port }: Listen, key: string): TruantError {
  return new TruantError('LISTEN_FAILED', `Can't listen on ${host} port ${port}: ${reasonOf(cause)}`, {
    cause,
    remedy: `Free the port, or set another one in ${key}.`,
  });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return 'it is in use already';
  if (code === 'EACCES') return 'that takes more rights';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address';
  return error instanceof Error ? error.message : String(error);
}
