/** Filters live in the page's address, so that a view can be kept, shared and gone back to. */
import { useLocation, useSearch } from 'wouter-preact';

export type Change = Readonly<Record<string, string | null | undefined>>;

export interface AddressState {
  /** Undefined: not set. */
  of(name: string): string | undefined;
  all: Readonly<Record<string, string>>;
  /** Null or empty takes one away. `replace`: going back does not come here again (for what is typed). */
  set(change: Change, options?: { replace?: boolean }): void;
}

export function useAddress(): AddressState {
  // To be told of changes alone: what it gives is decoded once already, and a `%25` in it would be decoded twice.
  useSearch();
  const [path, navigate] = useLocation();
  const all = Object.fromEntries(new URLSearchParams(location.search));
  return {
    all,
    of: (name) => all[name],
    set: (change, { replace = false } = {}) => navigate(pathWith(path, { ...all, ...change }), { replace }),
  };
}

/** The page's path by its parts, decoded (once, unlike the params of a route): `['credentials', 'secret:shop/cart']`. */
export function usePathParts(): string[] {
  useLocation();
  return location.pathname.split('/').slice(1).map(decoded);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A path of the page with a query; what is empty is left out. */
export function pathWith(path: string, query: Change): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return search === '' ? path : `${path}?${search}`;
}

export const alertPath = ({ cluster, id }: { cluster: string; id: string }): string =>
  `/alerts/${encodeURIComponent(cluster)}/${encodeURIComponent(id)}`;

export const credentialPath = (id: string, cluster?: string): string =>
  pathWith(`/credentials/${encodeURIComponent(id)}`, { cluster });

export const historyPath = (query: Change): string => pathWith('/history', query);
