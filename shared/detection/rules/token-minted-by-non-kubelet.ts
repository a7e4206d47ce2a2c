import { nodeOfKubelet, parsePrincipal } from '../../normalise/principal.ts';
import type { Policy } from '../policy.ts';
import { defineRule, keys } from '../rule.ts';

/** Whether a ServiceAccount that has tokens issued for this one is none that should. */
const isAstray = (minter: string, principal: string, policy: Policy): boolean =>
  minter !== principal && policy.allowedMinter(minter, principal) === undefined;

const notListed = (minter: string): string => `${minter} is not listed among the accounts that mint tokens for others.`;

export default defineRule({
  id: 'token-minted-by-non-kubelet',
  title: 'Token minted for another account',
  severity: 'medium',
  scope: 'cluster',
  attack: ['T1528', 'T1098'],
  observes: ['issue', 'use'],
  needs: 'Metadata level for serviceaccounts/token; Kubernetes 1.30 or later to follow the minted token.',
  why: 'Whoever may create tokens for an account can act as it, unseen, for as long as the token lives. Kubelets do so for their pods; few others have to.',
  falsePositives: [
    'Operators whose purpose it is (secret managers, certificate managers): list them in detection.allowedMinters.',
    'People who run `kubectl create token`: said as information only.',
  ],
  blindSpots: ['Before Kubernetes 1.30 the log does not name the token that was issued.'],
  triage: [
    'Ask whether the minting account has that task. If so, allow it with a reason.',
    'Look at every use of the minted token: the alert collects them.',
    'Take the right to create serviceaccounts/token from the account.',
  ],
  evaluate(observation, { entry, policy, placement, memory }) {
    if (observation.kind === 'use') {
      const issued = entry?.issued;
      if (!issued) return undefined;
      const stolenMinter = entry.tainted;
      if (stolenMinter !== undefined && nodeOfKubelet(issued.by) === undefined) {
        return {
          severity: 'high',
          confidence: 'high',
          confidenceWhy: stolenMinter,
          summary: `Token of ${observation.principal} that a stolen credential had minted is used from ${observation.source.address}.`,
          related: [issued.observation],
        };
      }
      if (nodeOfKubelet(issued.by) !== undefined) return undefined;
      if (placement?.verdict !== 'away') {
        const minter = issued.byPrincipal;
        if (minter === undefined || !isAstray(minter, observation.principal, policy)) return undefined;
        return {
          confidence: 'medium',
          confidenceWhy: notListed(minter),
          summary: `Token of ${observation.principal} that ${minter} had minted is used from ${observation.source.address}.`,
          related: [issued.observation],
        };
      }
      return {
        severity: 'high',
        confidence: placement.confidence,
        confidenceWhy: placement.sentence,
        summary: `Token of ${observation.principal} minted by ${issued.by} is used elsewhere than where it was minted.`,
        related: [issued.observation],
      };
    }
    const { actor, source } = observation;
    if (nodeOfKubelet(actor.username) !== undefined) return undefined;
    const issuedKeys = observation.issued === undefined ? [] : [keys.credential(observation.issued)];
    const minted = observation.issued === undefined ? undefined : memory.ledger.get(observation.issued);
    if (minted?.tainted !== undefined) {
      return {
        severity: 'high',
        confidence: 'high',
        confidenceWhy: minted.tainted,
        summary: `A stolen credential of ${actor.username} had a token minted for ${observation.principal}.`,
        keys: [...(actor.credential ? [keys.credential(actor.credential.id)] : []), ...issuedKeys],
      };
    }
    const inControlPlane = parsePrincipal(observation.principal)?.namespace === 'kube-system';
    if (inControlPlane && actor.username === 'system:kube-controller-manager') return undefined;
    if (observation.request.code >= 400) return undefined;
    if (actor.principal === undefined) {
      return {
        severity: 'info',
        confidence: 'low',
        confidenceWhy: `${actor.username} is not a ServiceAccount; people mint tokens by hand.`,
        summary: `${actor.username} had a token minted for ${observation.principal}.`,
        keys: issuedKeys.length > 0 ? issuedKeys : [keys.hygiene('token-minted-by-non-kubelet', observation.principal)],
      };
    }
    if (!isAstray(actor.principal, observation.principal, policy)) return undefined;
    return {
      confidence: 'medium',
      confidenceWhy: notListed(actor.principal),
      summary: `${actor.principal} had a token minted for ${observation.principal}.`,
      // Who mints for a living does so with ever new tokens of its own: that is one story.
      keys: [
        ...issuedKeys,
        ...(actor.credential ? [keys.credential(actor.credential.id)] : []),
        keys.actor(actor.principal, source.address),
      ],
    };
  },
});
