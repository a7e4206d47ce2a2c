/**
 * A theft as a path that one grasps at a glance: to whom its tokens belong, the tokens, who took them, from where they were
 * used, and what was touched. Of each only the most telling; the others are counted.
 */
import type { Alert } from '../../../../../shared/schema/alert.ts';
import { accountName, counted, placeName } from '../../parts/words.ts';
import { type Taker, takersOf } from './takers.ts';
import { type TokenInPath, tokensOf } from './tokens.ts';
import { deedKeyOf, type Touched, touchedOf } from './touched.ts';

const MOST = 4;

/** `unseen`: nothing tells who or what it was. */
export type Tone = 'home' | 'token' | 'taken' | 'away' | 'touched' | 'refused' | 'unseen';

export interface PathNode {
  id: string;
  title: string;
  detail: string;
  tone: Tone;
  /** Leads to what else is known of it. */
  about?: { credential: string } | { source: string } | undefined;
}

export interface Stage {
  name: string;
  nodes: PathNode[];
  /** How many more there are. */
  left: number;
}

export interface PathLink {
  from: string;
  to: string;
}

export interface Path {
  stages: Stage[];
  links: PathLink[];
}

type Told = Pick<
  Alert,
  | 'principal'
  | 'credential'
  | 'credentialKind'
  | 'binding'
  | 'relatedCredentials'
  | 'findings'
  | 'evidence'
  | 'sources'
  | 'did'
>;

export function pathOf(alert: Told): Path {
  const tokens = tokensOf(alert);
  const shownTokens = tokens.slice(0, MOST);
  const takers = takersOf(alert.evidence);
  const shownTakers = takers.slice(0, MOST);
  const sources = alert.sources.slice(0, MOST);
  const touched = touchedOf(alert.did);
  const shownTouched = touched.slice(0, MOST);
  const owners = distinct(shownTokens.map(ownerOf), ({ id }) => id);

  const takes = linksOfTakes(shownTokens, shownTakers);
  const uses = linksOfUses(alert, shownTakers);
  const isUnseen = uses.some(({ from }) => from === UNSEEN.id) || (sources.length === 0 && takers.length === 0);
  const untaken = shownTokens.filter(({ id }) => !takes.some(({ from }) => from === tokenId(id)));

  return {
    stages: [
      { name: 'Issued to', nodes: owners, left: 0 },
      { name: 'Token', nodes: shownTokens.map(tokenNode), left: tokens.length - shownTokens.length },
      {
        name: 'Taken by',
        nodes: [...shownTakers.map(takerNode), ...(isUnseen ? [UNSEEN] : [])],
        left: takers.length - shownTakers.length,
      },
      {
        name: 'Used from',
        nodes: sources.length === 0 ? [UNUSED] : sources.map(sourceNode),
        left: alert.sources.length - sources.length,
      },
      { name: 'Touched', nodes: shownTouched.map(touchedNode), left: touched.length - shownTouched.length },
    ].filter(({ nodes }) => nodes.length > 0),
    links: [
      ...shownTokens.map((token) => ({ from: ownerOf(token).id, to: tokenId(token.id) })),
      ...takes,
      ...(isUnseen ? untaken.map(({ id }) => ({ from: tokenId(id), to: UNSEEN.id })) : []),
      ...uses,
      ...linksOfDeeds(alert, shownTouched),
    ],
  };
}

const UNSEEN: PathNode = {
  id: 'taker unseen',
  title: 'Nobody was seen',
  detail: 'to take it: no read and no issue of it was seen',
  tone: 'unseen',
};
const UNUSED: PathNode = {
  id: 'source none',
  title: 'No use away',
  detail: 'as far as has been seen',
  tone: 'home',
};

const tokenId = (credential: string): string => `token ${credential}`;
const sourceId = (address: string): string => `source ${address}`;

function ownerOf({ id, principal, kind, binding }: TokenInPath): PathNode {
  const { pod, node } = binding;
  if (pod) {
    const title = `${pod.namespace}/${pod.name}`;
    return { id: `pod ${pod.uid}`, title, detail: node ? `pod on ${node.name}` : 'pod', tone: 'home' };
  }
  if (kind === 'legacy') {
    const title = id.replace(/^secret:/, '');
    return { id: `secret ${id}`, title, detail: 'Secret: its token never expires', tone: 'home' };
  }
  if (node) return { id: `node ${node.name}`, title: node.name, detail: 'node', tone: 'home' };
  const detail = kind === 'minted' ? 'account; bound to no pod' : 'account; no pod is known';
  return { id: `account ${principal}`, title: accountName(principal), detail, tone: 'home' };
}

const tokenNode = ({ id, principal, kind }: TokenInPath): PathNode => ({
  id: tokenId(id),
  title: accountName(principal),
  detail: [kind, shortId(id)].filter(Boolean).join(' '),
  tone: 'token',
  about: { credential: id },
});

/** Enough of an id to tell two apart. */
const shortId = (id: string): string => id.replace(/^JTI=([0-9a-f]{8}).*$/, '$1…').slice(0, 24);

const takerNode = ({ id, who, how, count }: Taker): PathNode => ({
  id,
  title: who,
  detail: count > 1 ? `${how}, ${counted(count, 'time')}` : how,
  tone: 'taken',
});

const sourceNode = ({ address, where, count }: Alert['sources'][number]): PathNode => ({
  id: sourceId(address),
  title: address,
  detail: `${placeName(where)}, ${counted(count, 'use')}`,
  tone: 'away',
  about: { source: address },
});

const touchedNode = ({ key, title, detail, isRefused }: Touched): PathNode => ({
  id: key,
  title,
  detail,
  tone: isRefused ? 'refused' : 'touched',
});

const linksOfTakes = (tokens: readonly TokenInPath[], takers: readonly Taker[]): PathLink[] =>
  tokens.flatMap(({ id }) =>
    takers
      // Whoever entered a pod was near all of its tokens.
      .filter(({ credentials, entered }) => credentials.has(id) || entered)
      .map((taker) => ({ from: tokenId(id), to: taker.id })),
  );

/** From whoever took a token that was used there; where nobody did, from nobody. */
function linksOfUses({ evidence, sources }: Told, takers: readonly Taker[]): PathLink[] {
  return sources.slice(0, MOST).flatMap(({ address }) => {
    const used = new Set(
      evidence.flatMap(({ kind, source, credential }) => (kind === 'use' && source === address ? [credential] : [])),
    );
    const from = takers.filter(({ credentials }) => [...credentials].some((id) => used.has(id)));
    const entered = from.length === 0 ? takers.filter((taker) => taker.entered) : [];
    const all = [...from, ...entered];
    return (all.length > 0 ? all : [UNSEEN]).map(({ id }) => ({ from: id, to: sourceId(address) }));
  });
}

function linksOfDeeds({ evidence, sources }: Told, touched: readonly Touched[]): PathLink[] {
  const shown = sources.slice(0, MOST);
  if (shown.length === 0) return touched.map(({ key }) => ({ from: UNUSED.id, to: key }));
  const seen = new Set(
    evidence.flatMap(({ kind, source, what }) => (kind === 'use' && source ? [`${source} ${deedKeyOf(what)}`] : [])),
  );
  return touched.flatMap(({ key }) => {
    const from = shown.filter(({ address }) => seen.has(`${address} ${key}`));
    // The evidence is bounded: whose deed it was need not be in it.
    return (from.length > 0 ? from : shown).map(({ address }) => ({ from: sourceId(address), to: key }));
  });
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
