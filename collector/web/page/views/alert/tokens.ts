/** The tokens that a theft involves, with whom they belong to, as far as its findings and evidence tell. */
import type { Alert } from '../../../../../shared/schema/alert.ts';
import type { Binding } from '../../../../../shared/schema/observation.ts';

export interface TokenInPath {
  id: string;
  principal: string;
  /** Null: nothing tells. */
  kind: string | null;
  binding: Binding;
}

type Told = Pick<
  Alert,
  'principal' | 'credential' | 'credentialKind' | 'binding' | 'relatedCredentials' | 'findings' | 'evidence'
>;

/** The alert's own first, then those that the most evidence is about. */
export function tokensOf(alert: Told): TokenInPath[] {
  const tokens = new Map<string, TokenInPath>();
  if (alert.credential !== null) {
    const { credential: id, principal, credentialKind: kind, binding } = alert;
    tokens.set(id, { id, principal, kind, binding });
  }
  for (const { credential, principal, binding } of alert.findings) {
    if (!credential) continue;
    const { id, kind } = credential;
    const before = tokens.get(id);
    if (!before?.binding.pod)
      tokens.set(id, { id, kind, principal, ...before, binding: binding ?? before?.binding ?? {} });
  }
  const weight = new Map<string, number>();
  for (const { credential: id, principal } of alert.evidence) {
    if (id === undefined) continue;
    weight.set(id, (weight.get(id) ?? 0) + 1);
    if (!tokens.has(id) && principal !== undefined) tokens.set(id, { id, principal, kind: null, binding: {} });
  }
  const rank = (id: string): number => (id === alert.credential ? Number.POSITIVE_INFINITY : (weight.get(id) ?? 0));
  return [...tokens.values()].sort((a, b) => compare(rank(b.id), rank(a.id)));
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
