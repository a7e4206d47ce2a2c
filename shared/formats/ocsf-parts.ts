/** Parts of an OCSF finding about an alert as a whole: what was stolen, by which techniques, what to do, what to look for. */
import { TACTICS } from '../detection/attack.ts';
import { rulesById } from '../detection/rules/by-id.ts';
import { parsePrincipal } from '../normalise/principal.ts';
import type { Alert } from '../schema/alert.ts';
import { VERSION } from '../version.ts';
import { leadingRule } from './facts.ts';
import { type evidenceOf, type Kinds, typeOfCredential, userOf } from './ocsf-evidence.ts';
import { given, millis, severityFields } from './ocsf-words.ts';

/** Of each list. */
export const MAX_ITEMS = 50;
const MAX_OBSERVABLES = 100;

/** `T1552.001`: technique and part. */
const TECHNIQUE = /^(T\d{4})(?:\.(\d{3}))?$/;
const ATTACK_SITE = 'https://attack.mitre.org/techniques/';

export const attacksOf = ({ attack }: Alert) => attack.slice(0, MAX_ITEMS).map(attackOf);

function attackOf({ id, name, tactic }: Alert['attack'][number]) {
  const [, technique, part] = TECHNIQUE.exec(id) ?? [];
  const [whole = name, partName = name] = name.split(': ');
  const tacticId = Object.hasOwn(TACTICS, tactic) ? TACTICS[tactic] : undefined;
  return {
    ...(tacticId !== undefined && { tactic: { uid: tacticId, name: tactic } }),
    technique:
      technique === undefined ? { uid: id, name } : { uid: technique, name: whole, src_url: ATTACK_SITE + technique },
    ...(part !== undefined && {
      sub_technique: { uid: id, name: partName, src_url: `${ATTACK_SITE}${technique}/${part}` },
    }),
  };
}

export const analyticOf = (alert: Alert) => rule(leadingRule(alert));

export function relatedAnalyticsOf(alert: Alert) {
  const leading = leadingRule(alert);
  const others = alert.rules.filter((id) => id !== leading).slice(0, MAX_ITEMS);
  return others.length > 0 ? others.map(rule) : undefined;
}

export const rule = (uid: string) => ({
  uid,
  name: rulesById.get(uid)?.title ?? uid,
  type_id: 1,
  type: 'Rule',
  version: VERSION,
});

/** Findings are no events of OCSF: `type` says what they are. */
export function relatedEventsOf({ findings }: Alert) {
  if (findings.length === 0) return undefined;
  return findings.slice(0, MAX_ITEMS).map(({ id, title, summary, severity, time }) => ({
    uid: id,
    type: 'Truant finding',
    title,
    desc: summary,
    ...severityFields(severity),
    first_seen_time: Math.floor(time / 1000),
  }));
}

const SOURCES = {
  use: 'Kubernetes audit log',
  issue: 'Kubernetes audit log',
  entry: 'Kubernetes audit log',
  denied: 'Kubernetes audit log',
  read: 'opens of token files',
  file: 'token files',
  status: 'Truant agent',
} as const;

export function dataSourcesOf({ evidence }: Alert) {
  const sources = [...new Set(evidence.map(({ kind }) => SOURCES[kind]))];
  return sources.length > 0 ? sources : undefined;
}

const TARGET = { role_id: 1, role: 'Target' };
const AFFECTED = { role_id: 3, role: 'Affected' };
const RELATED = { role_id: 4, role: 'Related' };

/** The credential first, then whose it is, then where it belongs. */
export function resourcesOf(alert: Alert, kinds: Kinds) {
  const { credential, principal, binding, relatedCredentials, expiresAt } = alert;
  const { pod, node } = binding;
  const account = parsePrincipal(principal);
  return [
    ...(credential === null
      ? []
      : [
          {
            ...credentialOf(credential, kinds),
            ...TARGET,
            owner: userOf(principal),
            ...(expiresAt !== undefined && { data: { expiresAt } }),
          },
        ]),
    account
      ? { type: 'ServiceAccount', name: account.name, namespace: account.namespace, uid: principal, ...AFFECTED }
      : { type: 'User', name: principal, uid: principal, ...AFFECTED },
    ...(pod ? [{ type: 'Pod', name: pod.name, namespace: pod.namespace, uid: pod.uid, ...AFFECTED }] : []),
    ...(node ? [{ type: 'Node', name: node.name, ...given({ uid: node.uid }), ...RELATED }] : []),
    { type: 'Cluster', name: alert.cluster, ...RELATED },
    ...relatedCredentials.slice(0, MAX_ITEMS).map((id) => ({ ...credentialOf(id, kinds), ...RELATED })),
  ];
}

const credentialOf = (uid: string, kinds: Kinds) => ({ uid, type: typeOfCredential(kinds.get(uid)) ?? 'Credential' });

/** How the credential is cut off, then how to look into it. OCSF has one text for both. */
export function remediationOf({ actions, triage }: Alert) {
  const kills = actions.slice(0, MAX_ITEMS).map(({ title, command, effect }) => `${title}: ${command}\n${effect}`);
  const steps = triage.slice(0, MAX_ITEMS).map((step, n) => `${n + 1}. ${step}`);
  const desc = [...kills, ...steps].join('\n');
  return desc === '' ? undefined : { desc };
}

type Evidences = readonly ReturnType<typeof evidenceOf>[];

const NAMED = {
  ip: { type_id: 2, type: 'IP Address' },
  user: { type_id: 4, type: 'User Name' },
  credential: { type_id: 19, type: 'User Credential ID' },
  process: { type_id: 9, type: 'Process Name' },
  path: { type_id: 45, type: 'File Path' },
  userAgent: { type_id: 16, type: 'HTTP User-Agent' },
};

/** What can be looked for elsewhere, each once. The address of a use from home is the victim's, and none. */
export function observablesOf(evidences: Evidences) {
  const found = new Map<string, { name: string; value: string; type_id: number; type: string }>();
  const add = (of: keyof typeof NAMED, name: string, value: string | undefined) => {
    const key = `${of} ${value}`;
    if (value === undefined || value === '' || found.has(key) || found.size >= MAX_OBSERVABLES) return;
    found.set(key, { name, value, ...NAMED[of] });
  };
  evidences.forEach(({ actor, user, src_endpoint: source, http_request: http, file, data }, i) => {
    const at = `evidences[${i}]`;
    if (data.placement !== 'home') {
      add('ip', `${at}.src_endpoint.ip`, source && 'ip' in source ? source.ip : undefined);
      add('userAgent', `${at}.http_request.user_agent`, http?.user_agent);
    }
    add('path', `${at}.file.path`, file?.path);
    if (user) {
      add('user', `${at}.user.name`, user.name);
      const [issued] = 'programmatic_credentials' in user ? user.programmatic_credentials : [];
      add('credential', `${at}.user.programmatic_credentials[0].uid`, issued?.uid);
    }
    if (!actor) return;
    if ('user' in actor) add('user', `${at}.actor.user.name`, actor.user.name);
    if ('session' in actor) add('credential', `${at}.actor.session.credential_uid`, actor.session?.credential_uid);
    if ('process' in actor) add('process', `${at}.actor.process.name`, actor.process.name);
  });
  return found.size > 0 ? [...found.values()] : undefined;
}

/** When it was and when it was last heard of, as far as the times can be read. */
export const timesOf = ({ firstSeen, lastSeen, createdAt, updatedAt }: Alert) =>
  given({
    first_seen_time: millis(firstSeen),
    last_seen_time: millis(lastSeen),
    created_time: millis(createdAt),
    modified_time: millis(updatedAt),
  });
