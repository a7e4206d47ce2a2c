/** Single events of a real cluster, each with the observation that it must give. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { AuditNormaliser } from '../../shared/normalise/audit.ts';
import { RequestStages } from '../../shared/normalise/stages.ts';
import { Observation } from '../../shared/schema/observation.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/facts/', import.meta.url));

/** The events in a file, one after another, as lines of a log. */
const linesOf = (file: string): string[] =>
  readFileSync(FOLDER + file, 'utf8')
    .split(/\n(?=\{)/)
    .map((text) => JSON.stringify(JSON.parse(text)));

const JTI = 'JTI=c19b5bbf-2afb-4adc-ba31-f93d60db140e';
const POD = {
  namespace: 'shop',
  name: 'inventory-685745856c-72td4',
  uid: '6ed50082-f374-4800-b1d8-1f533fcc901e',
};
const NODE = { name: 'node-a', uid: '15e32110-015b-4696-9025-d4995ff65998' };
const INVENTORY = 'system:serviceaccount:shop:inventory';
const LEGACY = { id: 'secret:shop/ci-legacy-token', kind: 'legacy' };

/** By curl, from the outside, with the token of shop/inventory's pod: what most of the facts are about. */
const stolen = (more: object = {}, source: object = {}) => ({
  kind: 'use',
  principal: INVENTORY,
  credential: { id: JTI, kind: 'projected' },
  binding: { pod: POD, node: NODE },
  stage: 'ResponseComplete',
  ...more,
  source: { address: '10.10.0.66', claimed: [], claimedTotal: 0, ...source },
});
const forged = (...claimed: string[]) => stolen({}, { claimed, claimedTotal: claimed.length });

const denied = {
  kind: 'denied',
  stage: 'ResponseStarted',
  source: { address: '10.10.0.66' },
  request: { verb: 'list', resource: 'pods', namespace: 'shop', code: 401, longRunning: false },
};
const issue = (username: string, issued: string | undefined, address: string, principal = INVENTORY) => ({
  kind: 'issue',
  actor: { username },
  principal,
  source: { address },
  request: { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
  ...(issued !== undefined && { issued }),
});
const minted = (id: string, principal = INVENTORY, address = '10.10.0.66') => ({
  kind: 'use',
  principal,
  credential: { id, kind: 'minted' },
  source: { address },
});

/** Files, with what each gives; two stages of one request are one. */
const table: Record<string, object[]> = {
  '01-stolen-from-10.10.0.66.json': [
    stolen({
      time: 1795457321831502,
      timeText: '2026-11-23T18:08:41.831502Z',
      seen: 1795457321834677,
      auditID: '46c93878-5aa2-410b-80cc-5cf7ef8ebb64',
      request: {
        verb: 'list',
        resource: 'pods',
        namespace: 'shop',
        uri: '/api/v1/namespaces/shop/pods',
        code: 200,
        userAgent: 'curl/8',
        longRunning: false,
      },
    }),
  ],
  '02-pod-bound-normal-use.json': [stolen({}, { address: '10.244.0.3' })],
  '03-hostnetwork-pod-use.json': [
    {
      kind: 'use',
      principal: 'system:serviceaccount:monitoring:node-agent',
      source: { address: '10.10.0.11' },
      request: { verb: 'get', resource: 'nodes', name: 'node-a' },
    },
  ],
  '04-kubelet-tokenrequest.json': [issue('system:node:node-a', JTI, '10.10.0.11')],
  '05-kubectl-create-token.json': [issue('kubernetes-admin', 'JTI=8208bbdd-89f2-407f-9f3e-6dd415e43d16', '10.10.0.1')],
  '05b-kubectl-create-token-bound-to-pod.json': [
    issue('kubernetes-admin', 'JTI=1c6e0981-60ac-4159-82b2-99dc3e19a611', '10.10.0.1'),
  ],
  '06-use-of-created-token.json': [{ ...minted('JTI=8208bbdd-89f2-407f-9f3e-6dd415e43d16'), binding: {} }],
  '06b-use-of-pod-bound-created-token.json': [
    stolen({ credential: { id: 'JTI=1c6e0981-60ac-4159-82b2-99dc3e19a611', kind: 'projected' } }),
  ],
  '07-legacy-secret-token-use.json': [
    { kind: 'use', principal: 'system:serviceaccount:shop:ci-legacy', credential: LEGACY, binding: {} },
  ],
  '08-401-garbage-token.json': [denied],
  '08b-401-tampered-signature.json': [denied],
  '08c-401-wrong-audience-sts.json': [denied],
  '08d-anonymous-no-token.json': [],
  '08e-401-expired.json': [denied],
  '09-stale-token-past-warnafter.json': [stolen({ staleBy: 600 })],
  '10-xff-forged.json': [forged('10.244.0.3')],
  '10b-xff-forged-two.json': [forged('10.244.0.3', '1.2.3.4')],
  '10c-xrealip-forged.json': [forged('10.244.0.3')],
  '10d-xff-own-ip.json': [forged()],
  '10e-xff-garbage.json': [forged()],
  '10f-xff-then-own-ip.json': [forged('10.244.0.3')],
  '10g-forwarded-rfc7239.json': [forged()],
  '11-stolen-from-other-pod.json': [stolen({}, { address: '10.244.0.5' })],
  '11b-stolen-on-node.json': [stolen({}, { address: '10.10.0.11' })],
  '11c-stolen-same-pod-netns.json': [stolen({}, { address: '10.244.0.3' })],
  '12-403-forbidden.json': [stolen({ request: { verb: 'list', resource: 'secrets', code: 403 } })],
  '12b-404-notfound-discovery.json': [stolen({ request: { verb: 'get', uri: '/apis', code: 200 } })],
  '13-kubectl-exec-cat-token.json': [
    {
      kind: 'entry',
      stage: 'ResponseStarted',
      actor: { username: 'kubernetes-admin', binding: {} },
      pod: { namespace: 'shop', name: 'idle-7599f45946-6596c' },
      container: 'app',
      command: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
      request: { subresource: 'exec', code: 101, longRunning: true },
    },
  ],
  // Who impersonates a ServiceAccount uses no token of it.
  '14-impersonation.json': [],
  '15-selfsubjectreview.json': [
    stolen(
      { request: { verb: 'create', resource: 'selfsubjectreviews', apiGroup: 'authentication.k8s.io', code: 201 } },
      { address: '10.10.0.1' },
    ),
  ],
  '15b-selfsubjectrulesreview.json': [
    stolen({ request: { verb: 'create', resource: 'selfsubjectrulesreviews' } }, { address: '10.10.0.1' }),
  ],
  '16-forged-audit-id.json': [
    stolen({ request: { resource: 'pods', code: 200 } }),
    stolen({ request: { resource: 'secrets', code: 403 } }),
  ],
  '17-watch-stages.json': [stolen({ stage: 'ResponseStarted', request: { verb: 'watch', longRunning: true } })],
  '18-kubelet-api-direct-audit.json': [],
  '18b-nodes-proxy.json': [
    {
      kind: 'use',
      principal: 'system:serviceaccount:monitoring:metrics',
      request: { resource: 'nodes', subresource: 'proxy', name: 'node-a', longRunning: true },
    },
  ],
  '19-before-pod-delete.json': [{ kind: 'use', binding: { pod: { name: 'victim' } } }],
  '19b-after-pod-delete.json': [denied],
  '20-tokenreview-audit.json': [],
  '21-x509-cert-named-like-a-serviceaccount.json': [
    {
      kind: 'use',
      principal: INVENTORY,
      binding: {},
      credential: {
        id: 'X509SHA256=2c924a031b16b51ca95f44f04df23f2f649c9164b11da77a06ef1d6c2b2b9cf9',
        kind: 'certificate',
      },
    },
  ],
  // A pod's name without its uid binds to nothing: a front proxy may say what it likes.
  '22-front-proxy-forged-extra.json': [
    { kind: 'use', principal: INVENTORY, binding: {}, credential: { id: 'principal:shop:inventory', kind: 'unknown' } },
  ],
  '23-sa-mints-token-for-another.json': [
    { kind: 'use', principal: 'system:serviceaccount:shop:ci-legacy', credential: LEGACY },
    {
      ...issue('system:serviceaccount:shop:ci-legacy', 'JTI=1407c438-183b-45a1-9abd-c23213ed7bd5', '10.10.0.66'),
      actor: { principal: 'system:serviceaccount:shop:ci-legacy', credential: LEGACY },
    },
  ],
  '24-node-cert-mints-pod-token.json': [
    issue('system:node:node-a', 'JTI=3bf917f1-f0bc-45aa-8019-f05e5c19113e', '10.10.0.66'),
  ],
  '24b-node-cert-mints-unused-sa.json': [
    issue('system:node:node-a', undefined, '10.10.0.66', 'system:serviceaccount:shop:ci-legacy'),
  ],
  '25-tokenrequest-at-request-level.json': [
    {
      ...issue(
        'system:kube-controller-manager',
        'JTI=167551ab-efcb-4c6a-ac3c-64f0282da60d',
        '10.10.0.1',
        'system:serviceaccount:kube-system:replicaset-controller',
      ),
      expirationSeconds: 3600,
    },
    {
      kind: 'issue',
      boundTo: { kind: 'Pod', name: 'idle-8d89f7795-vd9cd', uid: 'ae51884a-3673-424b-813e-074ecc9d1a04' },
      expirationSeconds: 3607,
    },
    { kind: 'issue', boundTo: { name: 's3-sync-665658c98b-s5mtf' }, expirationSeconds: 600 },
  ],
  '26-kcm-controller-unbound-token-use.json': [
    minted(
      'JTI=fb9a4d8f-fa23-43cf-850e-46c30dbaadfe',
      'system:serviceaccount:kube-system:deployment-controller',
      '10.10.0.1',
    ),
  ],
  '27-node-bound-created-token-use.json': [
    { ...minted('JTI=5968634a-72f2-4c1f-8f35-d06f4007857c'), binding: { node: NODE } },
  ],
  '27b-secret-bound-created-token-use.json': [
    minted('JTI=392af900-2826-4e8e-b4b5-29c5c0ab786d', 'system:serviceaccount:shop:ci-legacy'),
  ],
};

/** Claims and an answer of the API: no events. */
const NOT_EVENTS = ['00-pod-token-claims.json', '07-legacy-token-claims.json', '20-tokenreview-response.json'];

it('has an expectation of every file', () => {
  expect([...Object.keys(table), ...NOT_EVENTS].toSorted()).toEqual(readdirSync(FOLDER).toSorted());
});

it.each(Object.keys(table))('%s', (file) => {
  const normaliser = new AuditNormaliser({ isTrustedProxy: () => false });
  const stages = new RequestStages();
  const observations = linesOf(file).flatMap((line) => {
    const normalised = normaliser.line(line);
    if (!normalised.ok) throw new Error(normalised.reason);
    expect(normalised.leaks).toBe(false);
    return normalised.observations.filter((observation) => !stages.isRepeat(observation));
  });
  expect(observations).toMatchObject(table[file] ?? []);
  expect(observations).toHaveLength(table[file]?.length ?? 0);
  expect(observations.map((observation) => Observation.safeParse(observation).error)).toEqual(
    observations.map(() => undefined),
  );
  expect(new Set(observations.map(({ id }) => id)).size).toBe(observations.length);
});

it.each(NOT_EVENTS)('%s is no event', (file) => {
  const normaliser = new AuditNormaliser({ isTrustedProxy: () => false });
  for (const line of linesOf(file)) expect(normaliser.line(line)).toEqual({ ok: false, reason: 'not-an-event' });
});
