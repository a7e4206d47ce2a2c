/** What somebody may have meant by what they typed or pasted, the likeliest first. */
import { canonicalAddress } from '../../../../../shared/inventory/address.ts';
import { parsePrincipal } from '../../../../../shared/normalise/principal.ts';
import { FIELDS, fieldOf } from './filters.ts';
import { credentialOfToken, looksLikeToken } from './token.ts';

export interface Reading {
  /** Filters to be set. */
  filters: Readonly<Record<string, string>>;
  /** For people: `principal shop/cart`. */
  says: string;
}

/** `refused`: it can't be searched for, and why. */
export type Understood = { readings: Reading[]; refused?: undefined } | { readings: []; refused: string };

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const UID_OF_STATIC_POD = /^[0-9a-f]{32}$/;
const CREDENTIAL = /^(?:JTI=|X509SHA256=|secret:|pod:|principal:)\S+$/;
/** Also in the middle of a line of the audit log. */
const NAMED_WITHIN = /\b(JTI=[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|X509SHA256=[0-9a-f]{64})\b/i;
const ACCOUNT_WITHIN = /\bsystem:serviceaccount:[a-z0-9-]+:[a-z0-9.-]*[a-z0-9]/;
const NODE_USER = /^system:node:(\S+)$/;
const VERBS = new Set(
  'get list watch create update patch delete deletecollection post put head options connect impersonate'.split(' '),
);
const SUBRESOURCES = new Set(
  'exec attach log portforward proxy token status scale eviction binding ephemeralcontainers approval'.split(' '),
);
const RESOURCES = new Set(
  'pods secrets configmaps nodes services serviceaccounts deployments daemonsets namespaces events jobs cronjobs leases roles rolebindings clusterroles clusterrolebindings endpoints endpointslices ingresses statefulsets replicasets selfsubjectaccessreviews selfsubjectrulesreviews tokenreviews'.split(
    ' ',
  ),
);
const FIELD = /([A-Za-z]+)=("[^"]*"|\S+)/g;
const LONGEST = 1024;

export function understand(typed: string): Understood {
  const text = typed.trim().replace(/^(["'])(.*)\1$/s, '$2');
  if (text === '') return { readings: [] };
  if (looksLikeToken(text)) {
    const found = credentialOfToken(text);
    if (!found) return { readings: [], refused: 'This is a token that names no credential. It was not sent anywhere.' };
    return {
      readings: [
        {
          filters: { credential: found },
          says: `credential ${found}, which the token names; the token itself is not sent`,
        },
      ],
    };
  }
  if (text.length > LONGEST)
    return { readings: [], refused: `That is too long to be searched for: ${LONGEST} characters at most.` };
  const fields = readFields(text);
  return { readings: fields ? [fields] : guesses(text).map(([name, value]) => reading(name, value)) };
}

function reading(name: string, value: string): Reading {
  return { filters: { [name]: value }, says: `${fieldOf(name)?.label.toLowerCase() ?? name} ${value}` };
}

/** `principal=shop/cart verb=list userAgent="kubectl/v1.30 (linux)"`, and nothing else. */
function readFields(text: string): Reading | undefined {
  const found = [...text.matchAll(FIELD)];
  if (found.length === 0 || text.replace(FIELD, '').trim() !== '') return undefined;
  const filters: Record<string, string> = {};
  for (const [, name = '', value = ''] of found) {
    const field = FIELDS.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!field) return undefined;
    filters[field.name] = value.replace(/^"(.*)"$/, '$1');
  }
  const says = Object.entries(filters).map(([name, value]) => `${fieldOf(name)?.label.toLowerCase()} ${value}`);
  return { filters, says: says.join(', ') };
}

type Guess = readonly [name: string, value: string];

function guesses(text: string): Guess[] {
  if (UUID.test(text)) {
    const id = text.toLowerCase();
    return [
      ['credential', `JTI=${id}`],
      ['pod', id],
    ];
  }
  if (UID_OF_STATIC_POD.test(text)) return [['pod', text]];
  if (CREDENTIAL.test(text)) return [['credential', text]];
  if (parsePrincipal(text)) return [['principal', text]];
  const node = NODE_USER.exec(text)?.[1];
  if (node !== undefined) return [['node', node]];
  const address = canonicalAddress(text);
  if (address !== undefined) return [['source', address]];
  const within = NAMED_WITHIN.exec(text)?.[1] ?? '';
  if (within !== '') return [['credential', within]];
  const account = ACCOUNT_WITHIN.exec(text)?.[0];
  if (account !== undefined) return [['principal', account]];
  if (/\s/.test(text)) return [['userAgent', text]];
  return text.includes('/') ? withSlash(text) : word(text);
}

function withSlash(text: string): Guess[] {
  const [first = '', second = '', ...more] = text.split('/');
  const agent: Guess = ['userAgent', text];
  if (more.length > 0 || first === '' || second === '') return [agent];
  const named: Guess[] = [
    ['principal', text],
    ['pod', text],
  ];
  if (SUBRESOURCES.has(second)) return [['resource', text], ...named];
  return /^v?\d/.test(second) || text.endsWith('*') ? [agent, ...named] : [...named, agent];
}

function word(text: string): Guess[] {
  const lower = text.toLowerCase();
  const agents: Guess[] = [['userAgent', text], ...(text.endsWith('*') ? [] : [['userAgent', `${text}*`] as const])];
  if (/^[1-5]\d\d$/.test(text)) return [['code', text]];
  if (VERBS.has(lower)) return [['verb', lower], ...agents];
  for (const name of ['placement', 'where', 'kind']) {
    if (fieldOf(name)?.choices?.includes(lower)) return [[name, lower]];
  }
  if (RESOURCES.has(lower)) return [['resource', lower], ...agents];
  if (text.endsWith('*')) return agents;
  return [['node', text], ...agents.toReversed(), ['resource', lower], ['cluster', text]];
}
