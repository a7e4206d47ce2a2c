import { impersonationDeed } from '../memory.ts';
import { defineRule, keys } from '../rule.ts';

const POWERFUL =
  /^(system:masters|system:admin|kubernetes-admin|system:node:.+|system:kube-controller-manager|system:serviceaccount:kube-system:.+)$/;

export default defineRule({
  id: 'impersonation-by-serviceaccount',
  title: 'ServiceAccount acts as somebody else',
  severity: 'low',
  scope: 'cluster',
  attack: ['T1550.001', 'T1098'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts.',
  why: 'An account that may impersonate holds the rights of everybody it may name. With a stolen token this is the shortest way up.',
  falsePositives: ['Dashboards, GitOps and multi-tenancy operators that impersonate their users.'],
  blindSpots: [],
  triage: ['Check whether the account has that task.', 'Narrow the impersonate right by resourceNames.'],
  evaluate(use, { placement, memory }) {
    if (use.impersonated === undefined) return undefined;
    const away = placement?.verdict === 'away';
    const powerful = POWERFUL.test(use.impersonated);
    if (!away && memory.hasHabit(use.principal, impersonationDeed(use.impersonated), use.time)) return undefined;
    return {
      severity: away ? 'high' : powerful ? 'medium' : 'low',
      confidence: away ? placement.confidence : 'low',
      confidenceWhy: away ? placement.sentence : 'It was at home; operators may do this rightly.',
      summary: `${use.principal} acted as ${use.impersonated}.`,
      ...(away ? {} : { keys: [keys.hygiene('impersonation-by-serviceaccount', use.principal)] }),
    };
  },
});
