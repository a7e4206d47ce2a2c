/**
 * Where a kubelet's request for a token came from: its identity belongs to its node. Kubelets often go by a load balancer
 * where pods don't, so an address that is nobody's says little by itself.
 */
import type { TokenIssue } from '../schema/observation.ts';
import type { Placement } from '../schema/placement.ts';
import { MINUTE, type Micros } from '../time.ts';
import type { PlacementContext } from './placement-context.ts';
import { away, home, outside, unclear } from './verdict.ts';

/** Kubelets ask for tokens now and then only: what shows a load balancer takes a while. */
const PATIENCE: Micros = 10 * MINUTE;

export function placeKubelet(
  node: string,
  issue: TokenIssue,
  { paths, policy, now }: Pick<PlacementContext, 'paths' | 'policy' | 'now'>,
): Placement | undefined {
  const { address } = issue.source;
  if (address === null) return unclear('no-address', 'The event names no source address that can be read.');
  if (policy.isTrustedProxy(address)) {
    return unclear('behind-proxy', `${address} is a configured proxy that named no client.`);
  }
  const { whereabouts } = issue;
  const own = whereabouts?.home?.nodeAddresses ?? [];
  if (!whereabouts || own.length === 0) return unclear('no-inventory', `Nothing says where ${node} is.`);
  if (own.includes(address)) return home('node-of-node-bound-credential', 'high', `${address} is ${node} itself.`);
  const { network, holders } = whereabouts;
  if (network === 'loopback') return unclear('loopback', `${address} is the API server's own machine.`);

  const pod = holders.find((holder) => holder.kind === 'pod' && !holder.hostNetwork);
  if (pod?.kind === 'pod') {
    const sentence = `${address} is the pod ${pod.namespace}/${pod.name}, not ${node}.`;
    return away('other-pod', 'another-pods-address', 'high', sentence);
  }
  if (network === 'control-plane') {
    return unclear('behind-proxy', `${address} is the control plane's; a load balancer there may stand for ${node}.`);
  }
  const [holder] = holders;
  if (holder?.kind === 'node') {
    return away('other-node', 'another-nodes-address', 'high', `${address} is node ${holder.name}, not ${node}.`);
  }
  if (network === 'pods' || network === 'services') {
    return unclear('address-unknown', `${address} lies in the pods' network, but no pod in the inventory has it.`);
  }

  const words = `${address} is no address of ${node} (${own.join(', ')}).`;
  const stranger = paths.judge(address);
  if (paths.kubeletReaches(node, issue.time) || stranger === 'thief') {
    return away(outside(whereabouts), 'outside-cluster-networks', 'high', words);
  }
  if (stranger === 'gateway')
    return unclear('behind-proxy', `${words} Others come by it too: it looks like a gateway.`);
  if (now < issue.time + PATIENCE) return undefined;
  return paths.reaches(node, issue.time)
    ? away(outside(whereabouts), 'outside-cluster-networks', 'medium', words)
    : unclear('behind-proxy', `${words} It may be the way by which ${node} reaches the API server.`);
}
