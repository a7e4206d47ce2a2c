/** What a receiver knows by that a request comes from Truant, and when it was made. */
import { createHmac } from 'node:crypto';

/** @param seconds since 1970: a receiver refuses what is older than a few minutes, or somebody could send it again */
export function signatureOf(key: string, seconds: number, body: string): string {
  const mac = createHmac('sha256', key).update(`${seconds}.${body}`, 'utf8').digest('hex');
  return `t=${seconds},v1=${mac}`;
}
