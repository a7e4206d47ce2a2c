/** What a credential's requests were about, the most telling first. */
import type { Deeds } from '../../../../../shared/schema/alert.ts';

export interface Touched {
  key: string;
  /** `secrets in shop` */
  title: string;
  /** `list 2, get 1: 1 refused` */
  detail: string;
  /** Nothing of it was granted. */
  isRefused: boolean;
}

const DISCOVERY = 'discovery';
const SELF = 'self';
const TITLES: Readonly<Record<string, string>> = { [DISCOVERY]: 'What the API offers', [SELF]: 'What it may do' };
/** Whoever gets these gets further. */
const TELLING = /^(secrets|serviceaccounts\/token|pods\/(exec|attach|ephemeralcontainers|portforward)|nodes\/proxy)$/;
const CHANGING = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const MOST_VERBS = 3;

interface Group {
  key: string;
  title: string;
  verbs: Map<string, number>;
  count: number;
  refused: number;
  weight: number;
}

export function touchedOf({ actions }: Pick<Deeds, 'actions'>): Touched[] {
  const groups = new Map<string, Group>();
  for (const { action, namespace, count, refused } of actions) {
    const { verb, resource } = partsOf(action);
    const key = keyOf(resource, namespace);
    const title = TITLES[key] ?? (namespace ? `${resource} in ${namespace}` : resource);
    const group = groups.get(key) ?? { key, title, verbs: new Map(), count: 0, refused: 0, weight: 0 };
    group.verbs.set(verb, (group.verbs.get(verb) ?? 0) + count);
    group.count += count;
    group.refused += refused;
    group.weight = Math.max(group.weight, weightOf(key, verb, resource, count > refused));
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.weight - a.weight || b.count - a.count).map(toTouched);
}

/** Of a line of evidence such as `get secret stripe-key in payments: 200`. */
export function deedKeyOf(what: string): string {
  const match = /^(?<deed>\S+ \S+?)(?: .*?)??(?: in (?<namespace>\S+?))?(?:: \d+)?$/.exec(what);
  return keyOf(partsOf(match?.groups?.['deed'] ?? what).resource, match?.groups?.['namespace'] ?? '');
}

function partsOf(action: string): { verb: string; resource: string } {
  const space = action.indexOf(' ');
  return space < 0
    ? { verb: action, resource: '' }
    : { verb: action.slice(0, space), resource: action.slice(space + 1) };
}

function keyOf(resource: string, namespace: string): string {
  if (resource.startsWith('/')) return DISCOVERY;
  if (/^selfsubject(rules|access)reviews$/.test(resource)) return SELF;
  return `deed ${namespace}/${resource}`;
}

function weightOf(key: string, verb: string, resource: string, isGranted: boolean): number {
  if (key === DISCOVERY) return 0;
  if (key === SELF) return 1;
  const weight = TELLING.test(resource) ? 4 : CHANGING.has(verb) ? 3 : 2;
  return isGranted ? weight * 2 : weight;
}

function toTouched({ key, title, verbs, count, refused }: Group): Touched {
  const most = [...verbs].sort(([, a], [, b]) => b - a);
  const shown = most.slice(0, MOST_VERBS).map(([verb, times]) => `${verb} ${times}`);
  const more = most.length > MOST_VERBS ? ', …' : '';
  const isRefused = refused === count;
  const outcome = isRefused ? ': refused' : refused > 0 ? `: ${refused} refused` : '';
  return { key, title, detail: `${shown.join(', ')}${more}${outcome}`, isRefused };
}
