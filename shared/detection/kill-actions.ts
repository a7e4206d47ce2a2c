/** How to end a credential, as exact commands, with what each does and how long the credential would live otherwise. */
import { parsePrincipal } from '../normalise/principal.ts';
import type { KillAction } from '../schema/alert.ts';
import type { Binding } from '../schema/observation.ts';
import { formatTime, type Micros } from '../time.ts';

export interface Killable {
  principal: string;
  credential: string | null;
  kind: string | null;
  binding: Binding;
  /** When it ends by itself, if that is known. */
  expiresAt?: Micros | undefined;
  /** A kubelet's identity that is in a thief's hands. */
  node?: string | undefined;
}

const CACHE = 'The API server may go on accepting it for up to 10 s.';

/** What Kubernetes lets an object be called (RFC 1123 subdomain): safe in a shell, and never an option. */
const isName = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && name.length <= 253;

export function killActions(subject: Killable): KillAction[] {
  const actions: KillAction[] = [];
  if (subject.node !== undefined && isName(subject.node)) {
    actions.push({
      title: `Take node ${subject.node} out`,
      command: `kubectl drain ${subject.node} --ignore-daemonsets --delete-emptydir-data && kubectl delete node ${subject.node}`,
      effect:
        "Ends every token bound to the node's pods. The kubelet's certificate itself cannot be revoked before it expires: without its Node object it is refused what belongs to the node. Rebuild the node before it joins again.",
    });
  }
  const account = parsePrincipal(subject.principal);
  // A command is offered only for names that Kubernetes would accept: anything else is somebody's text.
  if (!account || !isName(account.namespace) || !isName(account.name)) return actions;
  const { namespace, name } = account;
  const { pod } = subject.binding;
  if (pod) {
    if (!isName(pod.namespace) || !isName(pod.name)) return actions;
    actions.push({
      title: `Delete the pod ${pod.namespace}/${pod.name}`,
      command: `kubectl delete pod --namespace ${pod.namespace} ${pod.name}`,
      effect: `Ends every token that is bound to this pod; its controller starts another with a new token. ${CACHE} ${otherwise(subject)}`,
    });
    return actions;
  }
  if (subject.kind === 'legacy' && subject.credential?.startsWith('secret:')) {
    const secret = subject.credential.slice(subject.credential.indexOf('/') + 1);
    if (!isName(secret)) return actions;
    actions.push({
      title: `Delete the Secret ${namespace}/${secret}`,
      command: `kubectl delete secret --namespace ${namespace} ${secret}`,
      effect: `Ends the legacy token for everybody who uses it, rightly or not. ${CACHE} Otherwise it never expires.`,
    });
    return actions;
  }
  if (subject.kind === 'certificate') {
    actions.push({
      title: `Find what ${namespace}/${name} may do, and take it away`,
      command: `kubectl get rolebindings,clusterrolebindings --all-namespaces --output json | jq -r '.items[] | select(any(.subjects[]?; .kind == "ServiceAccount" and .namespace == "${namespace}" and .name == "${name}")) | [.kind, .metadata.namespace // "-", .metadata.name] | @tsv'`,
      effect:
        'A client certificate cannot be revoked: it lives until it expires or the CA is replaced. Without bindings it may do nothing.',
    });
    return actions;
  }
  actions.push({
    title: `Delete the ServiceAccount ${namespace}/${name}, and make it anew`,
    command: `kubectl get serviceaccount --namespace ${namespace} ${name} --output yaml > serviceaccount.yaml && kubectl delete serviceaccount --namespace ${namespace} ${name}`,
    effect: `A token that is bound to no object ends only with its account's uid: every token of the account ends. Create it again without its uid, and restart its pods. ${CACHE} ${otherwise(subject)}`,
  });
  return actions;
}

function otherwise({ expiresAt, binding }: Killable): string {
  if (expiresAt !== undefined) return `Otherwise it lives until ${formatTime(expiresAt)}.`;
  return binding.pod
    ? 'Otherwise it lives as long as the pod, at most until its own expiry (by default up to a year, however short the pod says).'
    : 'Otherwise it lives until it expires; the log does not say when (audit level Request for serviceaccounts/token would).';
}
