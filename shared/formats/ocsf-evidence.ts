/** What an alert rests on, as OCSF's evidence artifacts. */
import { canonicalAddress } from '../inventory/address.ts';
import { parsePrincipal } from '../normalise/principal.ts';
import type { Alert, Evidence } from '../schema/alert.ts';
import { given } from './ocsf-words.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is known of the kinds of credentials, by id. */
export type Kinds = ReadonlyMap<string, string>;

export function kindsOf({ credential, credentialKind, findings }: Alert): Kinds {
  const kinds = new Map<string, string>();
  for (const finding of findings) if (finding.credential) kinds.set(finding.credential.id, finding.credential.kind);
  if (credential !== null && credentialKind !== null) kinds.set(credential, credentialKind);
  return kinds;
}

export function evidenceOf(evidence: Evidence, kinds: Kinds) {
  return {
    uid: evidence.id,
    name: evidence.kind,
    ...given({ actor: actorOf(evidence), user: subjectOf(evidence, kinds) }),
    ...requestOf(evidence),
    ...given({
      device: evidence.node === undefined ? undefined : { name: evidence.node, type_id: 0, type: 'Unknown' },
      file: evidence.path === undefined ? undefined : fileOf(evidence.path),
      container: containerOf(evidence),
      resources: resourcesOf(evidence),
    }),
    data: dataOf(evidence),
  };
}

/** Who acted: the holder of a credential, whoever asked for one or entered a pod, or the process that read. */
function actorOf({ kind, by, principal, credential, pid, process }: Evidence) {
  if (by !== undefined) return { user: userOf(by) };
  if (kind === 'use' && principal !== undefined) {
    return {
      user: userOf(principal),
      ...(credential !== undefined && { session: { credential_uid: credential } }),
    };
  }
  if (pid === undefined) return undefined;
  return { process: { pid, ...given({ name: process?.name, path: process?.path }) } };
}

/** Whose credential was asked for or read. Of a use that is the actor. */
function subjectOf({ kind, principal, credential }: Evidence, kinds: Kinds) {
  if (kind === 'use' || principal === undefined) return undefined;
  if (credential === undefined) return userOf(principal);
  const type = typeOfCredential(kinds.get(credential));
  return { ...userOf(principal), programmatic_credentials: [{ uid: credential, ...given({ type }) }] };
}

/** Undefined: it is not known. */
export function typeOfCredential(kind: string | undefined): string | undefined {
  if (kind === undefined || kind === 'unknown') return undefined;
  return kind === 'certificate' ? 'Client Certificate' : 'Access Token';
}

export function userOf(name: string) {
  const isService = parsePrincipal(name) !== undefined;
  return { name, type_id: isService ? 4 : 0, type: isService ? 'Service' : 'Unknown' };
}

function requestOf({ id, auditID, source, placement, userAgent, request, what }: Evidence) {
  return given({
    src_endpoint: typeof source === 'string' ? endpointOf(source, placement) : undefined,
    http_request: userAgent === undefined ? undefined : { user_agent: userAgent },
    api:
      auditID === undefined && request === undefined
        ? undefined
        : {
            operation: request ? `${request.verb} ${request.resource}` : what,
            request: { uid: auditID ?? id },
            ...(request && request.code !== 0 && { response: { code: request.code } }),
            service: { name: 'Kubernetes API' },
          },
  });
}

function endpointOf(source: string, placement: string | undefined) {
  const ip = canonicalAddress(source);
  return { ...(ip === undefined ? { name: source } : { ip }), ...given(SCOPES[placement ?? ''] ?? {}) };
}

/** An address that nobody of the cluster has may be the customer's all the same. */
const SCOPES: Readonly<Record<string, { network_scope_id: number; network_scope: string }>> = {
  home: { network_scope_id: 1, network_scope: 'Internal' },
  'away: other-node': { network_scope_id: 1, network_scope: 'Internal' },
  'away: other-pod': { network_scope_id: 1, network_scope: 'Internal' },
  'away: host': { network_scope_id: 1, network_scope: 'Internal' },
  'away: internet': { network_scope_id: 2, network_scope: 'External' },
};

/** Whether it is a file itself or leads to one is not known. */
const fileOf = (path: string) => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  type_id: 0,
  type: 'Unknown',
});

function containerOf({ container: { id, name } = {}, pod }: Evidence) {
  if (id === undefined && name === undefined) return undefined;
  const isUuid = pod?.uid !== undefined && UUID.test(pod.uid);
  return { ...given({ uid: id, name, pod_uuid: isUuid ? pod.uid : undefined }), orchestrator: 'K8s' };
}

/** The object that was asked for, and the pod that was entered or that the reader is in. */
function resourcesOf({ kind, request, pod }: Evidence) {
  const resources: object[] = [];
  if (request?.name !== undefined && kind !== 'entry') {
    const { resource, name, namespace } = request;
    resources.push({ type: resource, name, ...given({ namespace }), ...TARGET });
  }
  if (pod && (pod.name !== undefined || pod.uid !== undefined)) {
    const { name, namespace, uid } = pod;
    resources.push({ type: 'Pod', ...given({ name, namespace, uid }), ...(kind === 'read' ? ACTOR : TARGET) });
  }
  return resources.length > 0 ? resources : undefined;
}

const TARGET = { role_id: 1, role: 'Target' };
const ACTOR = { role_id: 2, role: 'Actor' };

function dataOf({ time, what, placement, denied, container, reader, rules }: Evidence) {
  return { time, what, ...given({ placement, denied, reader, image: container?.image }), rules };
}
