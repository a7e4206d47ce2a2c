/** How a read is told: who read whose token. */
import type { Opener, TokenRead } from '../../schema/observation.ts';
import { nameOf } from '../story.ts';

/** `cat (pid 4711), a process of node node-a`. */
export function readerOf({ opener, node }: TokenRead): string {
  if (!opener) return `a process of node ${node} that could not be identified`;
  return `${processOf(opener)}, ${standing(opener, node)}`;
}

/** The program with its pid. */
export const processOf = ({ comm, pid, exe }: Opener): string =>
  `${comm || (exe ?? 'a process')} (pid ${pid}${exe === undefined || exe.endsWith(`/${comm}`) ? '' : `, ${exe}`})`;

function standing({ relation, pod, container, disguised, expected }: Opener, node: string): string {
  const name = pod?.name === undefined ? `the pod ${pod?.uid ?? ''}` : `the pod ${pod.namespace}/${pod.name}`;
  const within = container?.name === undefined ? '' : `container ${container.name} of `;
  switch (relation) {
    case 'in-container':
      return `in ${within}${name}`;
    case 'exec-session':
      return `${expected ? 'run by a hook' : 'in a session'} in ${within}${name}`;
    case 'other-container-of-pod':
      return `in ${within || 'another container of '}${name}`;
    case 'other-pod':
      return `in ${within}${name}`;
    case 'host':
      return disguised ? `a process of node ${node} in the guise of ${name}` : `a process of node ${node}`;
    case 'kubelet':
      return `the kubelet of node ${node}`;
    case 'runtime':
      return `the container runtime of node ${node}`;
  }
}

/** `the token of shop/cart`, and for whom it is if not for the API server. */
export function tokenOf({ principal, file, audiences = [] }: TokenRead): string {
  const { namespace, name, uid } = file.pod;
  const owner =
    principal === undefined ? `the pod ${name === undefined ? uid : `${namespace}/${name}`}` : nameOf(principal);
  const [audience] = audiences;
  const isForeign = audience !== undefined && !/kubernetes|:\/\/.*\.svc\b/.test(audience);
  return `the token of ${owner}${isForeign ? ` for ${audience}` : ''}`;
}

const OUTCOMES = { allowed: 'read', denied: 'was denied', 'would-deny': 'read' } as const;

/** `cat (pid 4711), a process of node node-a, read the token of shop/cart`. */
export function deedOfRead(read: TokenRead): string {
  const deed = read.access === 'write' ? 'wrote into the volume of' : OUTCOMES[read.outcome];
  const again = read.repeats === undefined ? '' : ` (and ${read.repeats} times since it was last told of)`;
  return `${readerOf(read)}, ${deed} ${tokenOf(read)}${again}`;
}
