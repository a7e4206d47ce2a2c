/**
 * A theft as a path that one grasps at a glance: to whom its tokens belong, the tokens, who took them, from where they were
 * used, and what was touched. Of each only the most telling; the others are counted.
 */
import type { Alert, Evidence } from '../../../../../shared/schema/alert.ts';
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

/** @param most of each stage */
export function pathOf(alert: Told, most = MOST): Path {
  const tokens = tokensOf(alert);
  const takers = takersOf(alert.evidence);
  const touched = touchedOf(alert.did);
  const shown: Shown = {
    tokens: tokens.slice(0, most),
    takers: takers.slice(0, most),
    sources: alert.sources.slice(0, most),
    touched: touched.slice(0, most),
  };
  const owners = distinct(shown.tokens.map(ownerOf), ({ id }) => id);
  const takes = linksOfTakes(alert, shown);
  const uses = linksOfUses(alert, shown);
  const isUnseen = [...takes, ...uses].some(({ from, to }) => from === UNSEEN.id || to === UNSEEN.id);
  const stages: Stage[] = [
    { name: 'Issued to', nodes: owners, left: 0 },
    { name: 'Token', nodes: shown.tokens.map(tokenNode), left: tokens.length - shown.tokens.length },
    {
      name: 'Taken by',
      nodes: [...shown.takers.map(takerNode), ...(isUnseen ? [UNSEEN] : [])],
      left: takers.length - shown.takers.length,
    },
    {
      name: 'Used from',
      nodes: shown.sources.length === 0 ? [UNUSED] : shown.sources.map(sourceNode),
      left: alert.sources.length - shown.sources.length,
    },
    { name: 'Touched', nodes: shown.touched.map(touchedNode), left: touched.length - shown.touched.length },
  ];
  return {
    stages: stages.filter(({ nodes }) => nodes.length > 0),
    links: distinct(
      [
        ...shown.tokens.map((token) => ({ from: ownerOf(token).id, to: tokenId(token.id) })),
        ...takes,
        ...uses,
        ...linksOfDeeds(alert, shown),
      ],
      ({ from, to }) => `${from} ${to}`,
    ),
  };
}

interface Shown {
  tokens: readonly TokenInPath[];
  takers: readonly Taker[];
  sources: Alert['sources'];
  touched: readonly Touched[];
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

/** Enough of an id to tell two apart; a Secret's token is named by its Secret, which stands beside it. */
const shortId = (id: string): string => /^(?:JTI|X509SHA256)=([0-9a-f]{8})/.exec(id)?.[1]?.concat('…') ?? '';

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

/** Who took a token, as far as was seen; whoever entered a pod was near all of its tokens. */
const takersOfToken = (id: string, takers: readonly Taker[]): Taker[] =>
  takers.filter(({ credentials, entered }) => credentials.has(id) || entered);

function linksOfTakes({ evidence }: Told, { tokens, takers, sources }: Shown): PathLink[] {
  return tokens.flatMap(({ id }) => {
    const by = takersOfToken(id, takers).map((taker) => ({ from: tokenId(id), to: taker.id }));
    if (by.length > 0) return by;
    const isUsed = sources.some(({ address }) => usedFrom(address, evidence).has(id));
    if (isUsed || (sources.length > 0 && takers.length === 0)) return [{ from: tokenId(id), to: UNSEEN.id }];
    return sources.length === 0 && takers.length === 0 ? [{ from: tokenId(id), to: UNUSED.id }] : [];
  });
}

/** From whoever took a token that was used there; where nobody was seen to, from nobody. */
function linksOfUses({ evidence }: Told, { tokens, takers, sources }: Shown): PathLink[] {
  if (sources.length === 0) return takers.map(({ id }) => ({ from: id, to: UNUSED.id }));
  return sources.flatMap(({ address }) => {
    const used = usedFrom(address, evidence);
    // The evidence is bounded: which token was used there need not be in it, nor be drawn if it is.
    const ids = used.size > 0 ? [...used] : tokens.map(({ id }) => id);
    const from = ids.flatMap((id) => {
      const by = takersOfToken(id, takers);
      return by.length > 0 ? by.map((taker) => taker.id) : [UNSEEN.id];
    });
    return from.map((id) => ({ from: id, to: sourceId(address) }));
  });
}

const usedFrom = (address: string, evidence: readonly Evidence[]): Set<string> =>
  new Set(
    evidence.flatMap(({ kind, source, credential }) =>
      kind === 'use' && source === address && credential !== undefined ? [credential] : [],
    ),
  );

function linksOfDeeds({ evidence }: Told, { sources, touched }: Shown): PathLink[] {
  if (sources.length === 0) return touched.map(({ key }) => ({ from: UNUSED.id, to: key }));
  const seen = new Set(
    evidence.flatMap(({ kind, source, what }) => (kind === 'use' && source ? [`${source} ${deedKeyOf(what)}`] : [])),
  );
  return touched.flatMap(({ key }) => {
    const from = sources.filter(({ address }) => seen.has(`${address} ${key}`));
    // The same: whose deed it was need not be in it.
    return (from.length > 0 ? from : sources).map(({ address }) => ({ from: sourceId(address), to: key }));
  });
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
