/** The audit policy that is offered lets through what the rules need, and no bodies that hold tokens. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const Rule = z.strictObject({
  level: z.enum(['None', 'Metadata', 'Request', 'RequestResponse']),
  users: z.array(z.string()).optional(),
  userGroups: z.array(z.string()).optional(),
  verbs: z.array(z.string()).optional(),
  namespaces: z.array(z.string()).optional(),
  resources: z.array(z.strictObject({ group: z.string(), resources: z.array(z.string()) })).optional(),
  nonResourceURLs: z.array(z.string()).optional(),
});
const Policy = z.strictObject({
  apiVersion: z.literal('audit.k8s.io/v1'),
  kind: z.literal('Policy'),
  omitStages: z.array(z.string()),
  rules: z.array(Rule),
});

interface Asked {
  user?: { name: string; groups: string[] };
  resource?: string;
  group?: string;
  path?: string;
}

/** As k8s.io/apiserver/pkg/audit/policy does: the first rule whose every selector fits; without one, None. */
function levelOf(rules: z.infer<typeof Rule>[], { user, resource, group = '', path }: Asked): string {
  const fits = (rule: z.infer<typeof Rule>): boolean => {
    if (rule.users && !(user && rule.users.includes(user.name))) return false;
    if (rule.userGroups && !user?.groups.some((each) => rule.userGroups?.includes(each))) return false;
    if (rule.resources || rule.nonResourceURLs) {
      const isResource = rule.resources?.some(
        (each) => resource !== undefined && each.group === group && each.resources.includes(resource),
      );
      const isPath = rule.nonResourceURLs?.some((each) => path?.startsWith(each.replace(/\*$/, '')));
      return isResource === true || isPath === true;
    }
    return true;
  };
  return rules.find(fits)?.level ?? 'None';
}

const policy = Policy.parse(parse(readFileSync(new URL('../../deploy/audit-policy.yaml', import.meta.url), 'utf8')));

const ACCOUNT = {
  name: 'system:serviceaccount:shop:cart',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
};
const KUBELET = { name: 'system:node:node-a', groups: ['system:nodes', 'system:authenticated'] };
const MANAGER = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };
const PERSON = { name: 'kubernetes-admin', groups: ['kubeadm:cluster-admins', 'system:authenticated'] };
/** X.509 gives no groups but those in the certificate. */
const CERTIFICATE = { name: 'system:serviceaccount:shop:cart', groups: ['system:authenticated'] };

describe('the audit policy', () => {
  it.each<[string, Asked, string]>([
    ['a use by a ServiceAccount', { user: ACCOUNT, resource: 'pods' }, 'Metadata'],
    ['its discovery', { user: ACCOUNT, path: '/apis' }, 'Metadata'],
    ['its health probes', { user: ACCOUNT, path: '/healthz' }, 'Metadata'],
    ['its reading of Secrets', { user: ACCOUNT, resource: 'secrets' }, 'Metadata'],
    ['its way through a kubelet', { user: ACCOUNT, resource: 'nodes/proxy' }, 'Metadata'],
    ['a use by a certificate with its name', { user: CERTIFICATE, resource: 'pods' }, 'Metadata'],
    ['a TokenRequest by a kubelet', { user: KUBELET, resource: 'serviceaccounts/token' }, 'Request'],
    ['... by a ServiceAccount', { user: ACCOUNT, resource: 'serviceaccounts/token' }, 'Request'],
    ['... by a person', { user: PERSON, resource: 'serviceaccounts/token' }, 'Request'],
    ['... by the controller manager', { user: MANAGER, resource: 'serviceaccounts/token' }, 'Request'],
    ['an exec by a person', { user: PERSON, resource: 'pods/exec' }, 'Metadata'],
    ['a 401, which has no user', { resource: 'pods' }, 'Metadata'],
    ['a 401 of discovery', { path: '/version' }, 'Metadata'],
    ["a kubelet's TokenReview, which holds a token", { user: KUBELET, resource: 'tokenreviews' }, 'None'],
    [
      "a ServiceAccount's TokenReview",
      { user: ACCOUNT, group: 'authentication.k8s.io', resource: 'tokenreviews' },
      'Metadata',
    ],
    ["a node's lease", { user: KUBELET, group: 'coordination.k8s.io', resource: 'leases' }, 'None'],
    ['a probe by a certificate', { user: PERSON, path: '/readyz?verbose' }, 'None'],
  ])('logs %s', (_, asked, level) => {
    expect(levelOf(policy.rules, asked)).toBe(level);
  });

  it('never logs a response, and a request only where it holds no token', () => {
    const withBodies = policy.rules.filter(({ level }) => level === 'Request' || level === 'RequestResponse');
    expect(withBodies).toEqual([
      { level: 'Request', resources: [{ group: '', resources: ['serviceaccounts/token'] }] },
    ]);
  });

  it('omits no stage that a 401 or a long request comes at', () => {
    expect(policy.omitStages).toEqual(['RequestReceived']);
  });
});
