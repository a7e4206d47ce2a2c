import type { Relation } from '../schema/observation.ts';
import type { RawOpener } from '../schema/token-open.ts';

/** What an opener is to the token of a pod. */
export function relationOf(opener: RawOpener, owner: { podUid: string }): Relation {
  const pod = /\/pod([0-9a-f-]{36})/.exec(opener.cgroup.join('\n'))?.[1];
  if (pod === undefined) return opener.comm === 'kubelet' ? 'kubelet' : 'host';
  return pod === owner.podUid ? 'in-container' : 'other-pod';
}
