/** Whom the policy of mode enforce is about, as uids of pods: the sensor decides while an opener waits, and knows no names. */

import type { Config } from '../../shared/config/schema.ts';
import type { Policy } from '../../shared/detection/policy.ts';
import type { Workload, Workloads } from '../../shared/inventory/workloads.ts';

type Enforce = Config['agent']['tokenFiles']['enforce'];

export interface Guarded {
  /** Whose tokens are guarded. */
  pods: 'all' | string[];
  /** Of openers in pods, who may be denied: where there are exceptions for pods, only who is known to be none of them. */
  openers: 'all' | string[];
  /** Programs of the node that may. */
  allowExecutables: string[];
}

/** Pods of which too little is known are not guarded: who is denied by mistake does not start. */
export function guardedBy({ namespaces, labels }: Enforce, policy: Policy, workloads: Workloads): Guarded {
  const wanted = Object.entries(labels);
  const isGuarded = ({ namespace, facts }: Workload): boolean =>
    (namespaces.length === 0 || namespaces.includes(namespace)) &&
    wanted.every(([label, value]) => facts?.labels[label] === value);
  const known = [...workloads.entries()];
  const uidsOf = (is: (workload: Workload) => boolean): string[] =>
    known.flatMap(([uid, workload]) => (is(workload) ? [uid] : []));
  const isAllowed = (pod: Workload): boolean =>
    pod.facts === undefined || pod.facts.containers.some(({ image }) => policy.mayAllow(pod, image));
  return {
    pods: namespaces.length === 0 && wanted.length === 0 ? 'all' : uidsOf(isGuarded),
    openers: policy.exceptsPods() ? uidsOf((workload) => !isAllowed(workload)) : 'all',
    allowExecutables: policy.allowedPrograms(),
  };
}
