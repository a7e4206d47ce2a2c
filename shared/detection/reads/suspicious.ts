import type { TokenRead } from '../../schema/observation.ts';
import { keys } from '../rule.ts';

/** Rules that state that somebody read a token who had no business to: what it is used for later is joined to that. */
export const suspiciousReads: ReadonlySet<string> = new Set([
  'token-read-from-host',
  'token-read-by-other-pod',
  'token-read-in-exec-session',
  'token-read-by-unfamiliar-process',
]);

/** What a theft by this reader is known by. Who opens several tokens is one thief: that comes before the credential. */
export function keysOfRead({ opener, credential, node, file, binding }: TokenRead): string[] {
  const { namespace, name } = binding.pod ?? file.pod;
  const isWithin = opener?.pod?.uid === file.pod.uid && !opener.disguised && !opener.escaped;
  return [
    ...(opener && !isWithin ? [keys.reader(node, opener.actor)] : []),
    ...(credential ? [keys.credential(credential.id)] : []),
    ...(isWithin && namespace !== undefined && name !== undefined ? [keys.pod(namespace, name)] : []),
    ...(credential || opener ? [] : [`file:${node}|${file.path}`]),
  ];
}
