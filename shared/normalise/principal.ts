/** `system:serviceaccount:<namespace>:<name>`, taken apart. */
export interface ServiceAccountName {
  namespace: string;
  name: string;
}

const PREFIX = 'system:serviceaccount:';

/** Undefined when the username is not exactly a ServiceAccount's. */
export function parsePrincipal(username: string): ServiceAccountName | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const colon = username.indexOf(':', PREFIX.length);
  if (colon <= PREFIX.length || colon === username.length - 1) return undefined;
  const name = username.slice(colon + 1);
  if (name.includes(':')) return undefined;
  return { namespace: username.slice(PREFIX.length, colon), name };
}

export const principalOf = (namespace: string, name: string): string => `${PREFIX}${namespace}:${name}`;

const NODE_PREFIX = 'system:node:';

/** The node's name when the username is a kubelet's. */
export const nodeOfKubelet = (username: string): string | undefined =>
  username.startsWith(NODE_PREFIX) && username.length > NODE_PREFIX.length
    ? username.slice(NODE_PREFIX.length)
    : undefined;

/** Has the tokens of the control plane's own controllers issued. */
export const CONTROLLER_MANAGER = 'system:kube-controller-manager';
