/** How a read is told: who read whose token. */
import { MULTI_CALL } from '../../normalise/programs.ts';
import type { Opener, TokenRead } from '../../schema/observation.ts';
import { nameOf } from '../story.ts';

/** `cat (pid 4711), a process of node node-a`. */
export function readerOf({ opener, node }: TokenRead): string {
  if (!opener) return `a process of node ${node} that could not be identified`;
  return `${processOf(opener)}, ${standing(opener, node)}`;
}

/** The program with its pid, and its path where the name says another. */
export function processOf({ comm, pid, exe }: Opener): string {
  const name = comm || (exe ?? 'a process');
  const isAsNamed = exe === undefined || exe.endsWith(`/${comm}`) || MULTI_CALL.test(exe);
  return `${name} (pid ${pid}${isAsNamed ? '' : `, ${exe}`})`;
}

function standing({ relation, pod, container, disguised, escaped, expected }: Opener, node: string): string {
  const name = pod?.name === undefined ? (pod?.uid ?? '') : `${pod.namespace}/${pod.name}`;
  const where = `the pod ${name}${container?.name === undefined ? '' : ` (container ${container.name})`}`;
  switch (relation) {
    case 'in-container':
    case 'other-container-of-pod':
      return `in ${where}`;
    case 'exec-session':
      return expected ? `run by a hook in ${where}` : `in an exec session in ${where}`;
    case 'other-pod':
      return escaped ? `of ${where}, out on node ${node}` : `in ${where}`;
    case 'host':
      if (escaped) return `of ${where}, out on node ${node}`;
      return disguised ? `a process of node ${node} in the guise of ${where}` : `a process of node ${node}`;
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
