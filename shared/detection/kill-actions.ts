/** How to end a theft's credentials, as exact commands, with what each does and how long they would live otherwise. */
import { nodeOfKubelet, parsePrincipal } from '../normalise/principal.ts';
import type { Finding, KillAction } from '../schema/alert.ts';
import type { Binding } from '../schema/observation.ts';
import { formatTime, type Micros } from '../time.ts';

export interface Killable {
  principal: string;
  credential: string | null;
  kind: string | null;
  binding: Binding;
  /** When it ends by itself, if that is known. */
  expiresAt?: Micros | undefined;
}

const MAX_ACTIONS = 16;

/** What ends every credential that the findings are about: first a stolen kubelet's identity, then the lead's credential. */
export function endTheft(
  lead: Finding,
  findings: readonly Finding[],
  expiresAt: (credential: string) => Micros | undefined,
): KillAction[] {
  const kubelet = findings.map(kubeletOf).find((node) => node !== undefined);
  const subjects = new Map<string, Killable>();
  for (const { credential, principal, binding, rule } of [lead, ...findings]) {
    // What a kubelet has issued belongs to a pod of its node, and ends with the node where no use tells which pod.
    const isUnused = rule === KUBELET_RULE && !binding?.pod;
    if (!credential || (isUnused && kubelet !== undefined)) continue;
    const known = subjects.get(credential.id);
    if (known?.binding.pod) continue;
    const { id, kind } = credential;
    subjects.set(id, { principal, credential: id, kind, binding: binding ?? {}, expiresAt: expiresAt(id) });
  }
  if (subjects.size === 0 && kubelet === undefined) {
    subjects.set('', { principal: lead.principal, credential: null, kind: null, binding: lead.binding ?? {} });
  }
  const actions = new Map<string, KillAction>();
  if (kubelet !== undefined && isName(kubelet)) actions.set('', endNode(kubelet));
  for (const action of [...subjects.values()].map(endCredential)) {
    if (action && !actions.has(action.command)) actions.set(action.command, action);
  }
  return [...actions.values()].slice(0, MAX_ACTIONS);
}

const KUBELET_RULE = 'kubelet-identity-mints-from-elsewhere';

function kubeletOf({ rule, keys }: Finding): string | undefined {
  if (rule !== KUBELET_RULE) return undefined;
  const key = keys.find((candidate) => candidate.startsWith('actor:'));
  return key === undefined ? undefined : nodeOfKubelet(key.slice('actor:'.length, key.lastIndexOf('|')));
}

const endNode = (node: string): KillAction => ({
  title: `Take node ${node} out`,
  command: `kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data && kubectl delete node ${node}`,
  effect:
    "Ends every token bound to the node's pods. The kubelet's certificate itself cannot be revoked before it expires: without its Node object it is refused what belongs to the node. Rebuild the node before it joins again.",
});

const CACHE = 'The API server may go on accepting it for up to 10 s.';

/** What Kubernetes lets an object be called (RFC 1123 subdomain): safe in a shell, and never an option. */
const isName = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && name.length <= 253;

/** Undefined for somebody who is no ServiceAccount, and for names that Kubernetes would not accept: those are somebody's text. */
export function endCredential(subject: Killable): KillAction | undefined {
  const account = parsePrincipal(subject.principal);
  if (!account || !isName(account.namespace) || !isName(account.name)) return undefined;
  const { namespace, name } = account;
  const { pod } = subject.binding;
  if (pod) {
    if (!isName(pod.namespace) || !isName(pod.name)) return undefined;
    return {
      title: `Delete the pod ${pod.namespace}/${pod.name}`,
      command: `kubectl delete pod --namespace ${pod.namespace} ${pod.name}`,
      effect: `Ends every token that is bound to this pod; its controller starts another with a new token. ${CACHE} ${otherwise(subject)}`,
    };
  }
  if (subject.kind === 'legacy' && subject.credential?.startsWith('secret:')) {
    const secret = subject.credential.slice(subject.credential.indexOf('/') + 1);
    if (!isName(secret)) return undefined;
    return {
      title: `Delete the Secret ${namespace}/${secret}`,
      command: `kubectl delete secret --namespace ${namespace} ${secret}`,
      effect: `Ends the legacy token for everybody who uses it, rightly or not. ${CACHE} Otherwise it never expires.`,
    };
  }
  if (subject.kind === 'certificate') {
    return {
      title: `Find what ${namespace}/${name} may do, and take it away`,
      command: `kubectl get rolebindings,clusterrolebindings --all-namespaces --output json | jq -r '.items[] | select(any(.subjects[]?; .kind == "ServiceAccount" and .namespace == "${namespace}" and .name == "${name}")) | [.kind, .metadata.namespace // "-", .metadata.name] | @tsv'`,
      effect:
        'A client certificate cannot be revoked: it lives until it expires or the CA is replaced. Without bindings it may do nothing.',
    };
  }
  return {
    title: `Delete the ServiceAccount ${namespace}/${name}, and make it anew`,
    command: `kubectl get serviceaccount --namespace ${namespace} ${name} --output yaml > serviceaccount.yaml && kubectl delete serviceaccount --namespace ${namespace} ${name}`,
    effect: `A token that is bound to no pod ends with its account's uid: every token of the account ends. Create it again without its uid, and restart its pods. ${CACHE} ${otherwise(subject)}`,
  };
}

function otherwise({ expiresAt, binding }: Killable): string {
  if (expiresAt !== undefined) return `Otherwise it lives until ${formatTime(expiresAt).replace(/\.0+Z$/, 'Z')}.`;
  return binding.pod
    ? 'Otherwise it lives as long as the pod, at most until its own expiry (by default up to a year, however short the pod says).'
    : 'Otherwise it lives until it expires; the log does not say when (audit level Request for serviceaccounts/token would).';
}
