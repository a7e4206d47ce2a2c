import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'serviceaccount-by-certificate',
  title: 'Client certificate that bears a ServiceAccount name',
  severity: 'high',
  scope: 'node',
  attack: ['T1098', 'T1550.001'],
  observes: ['use'],
  needs:
    'Metadata level for requests by service accounts; Kubernetes 1.30 or later (the credential id names the certificate).',
  why: 'Kubernetes never issues certificates to ServiceAccounts. One with such a name was signed on purpose: it is authorised as the account, outlives every token and cannot be revoked.',
  falsePositives: ['Home-made tooling that signs such certificates. Let it use tokens.'],
  blindSpots: ['Before 1.30 a certificate cannot be told from other credentials.'],
  triage: [
    'Find the CertificateSigningRequest or the copy of the CA key that signed it.',
    'The certificate cannot be revoked: take the rights from the account (its RoleBindings), or rotate the CA.',
  ],
  evaluate(use) {
    if (use.credential.kind !== 'certificate') return undefined;
    return {
      confidence: 'high',
      confidenceWhy: 'The API server authenticated this request by a client certificate.',
      summary: `${use.principal} was authenticated by a client certificate, from ${use.source.address}.`,
    };
  },
});
