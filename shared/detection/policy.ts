/**
 * What the operator says is right: configuration, compiled once into plain questions. Every exception has a reason that is
 * shown where it applies.
 */
import type { Severity } from '../schema/alert.ts';
import type { Opener } from '../schema/observation.ts';
import { DAY, type Micros } from '../time.ts';

export interface Policy {
  /** Why this principal may have tokens issued for that one; undefined: it may not. */
  allowedMinter(actor: string, principal: string): string | undefined;
  /** Why this principal's legacy token may be used from there. */
  knownLegacySource(principal: string, address: string): string | undefined;
  /** Why this process may open others' tokens; undefined: it may not. */
  allowedReader(opener: Opener): string | undefined;
  /** Programs of the node that may open others' tokens, by their paths. */
  allowedPrograms(): string[];
  /** Whether there are such exceptions for containers at all. */
  exceptsPods(): boolean;
  /** Whether some process of such a container may open others' tokens. */
  mayAllow(pod: { namespace: string; name: string }, image: string): boolean;
  /** How long the reads of a container are watched before what is new is out of the ordinary. */
  learningPeriod: Micros;
  /** Stands between clients and the API server: an address that says nothing of where a request came from. */
  isTrustedProxy(address: string): boolean;
  /** Rules switched off, or with another severity. */
  rule(id: string): { enabled?: boolean | undefined; severity?: Severity | undefined } | undefined;
}

const sa = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;

/**
 * Widely used operators whose purpose it is to have tokens issued for other accounts, under their usual names. Whoever
 * can act as one of these already holds what it could mint.
 */
const OPERATORS: readonly { actor: string; principal?: string; reason: string }[] = [
  { actor: sa('cert-manager', 'cert-manager'), reason: 'cert-manager asks tokens for the accounts that issuers name' },
  {
    actor: sa('external-secrets', 'external-secrets'),
    reason: 'External Secrets asks tokens for the accounts that stores name',
  },
  { actor: sa('vault', 'vault'), reason: "Vault's Kubernetes secrets engine issues tokens on demand" },
  {
    actor: sa('vault-secrets-operator-system', 'vault-secrets-operator-controller-manager'),
    reason: 'Vault Secrets Operator asks tokens for the accounts that it reads Secrets for',
  },
  {
    actor: sa('openshift-infra', 'serviceaccount-pull-secrets-controller'),
    reason: "OpenShift keeps every account's token for its image registry",
  },
  {
    actor: sa('kube-system', 'calico-node'),
    principal: sa('kube-system', 'calico-cni-plugin'),
    reason: "Calico keeps its CNI plugin's token fresh",
  },
  {
    actor: sa('calico-system', 'calico-node'),
    principal: sa('calico-system', 'calico-cni-plugin'),
    reason: "Calico keeps its CNI plugin's token fresh",
  },
];

export const defaultPolicy: Policy = {
  allowedMinter: (actor, principal) =>
    OPERATORS.find((entry) => entry.actor === actor && (entry.principal ?? principal) === principal)?.reason,
  knownLegacySource: () => undefined,
  allowedReader: () => undefined,
  allowedPrograms: () => [],
  exceptsPods: () => false,
  mayAllow: () => false,
  learningPeriod: DAY,
  isTrustedProxy: () => false,
  rule: () => undefined,
};
