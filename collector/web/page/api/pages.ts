/** A list that comes in pages: more of it is fetched when it is asked for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, get, type Query, withQuery } from './client.ts';
import { type Resource, useResource } from './resource.ts';
import { asProblem } from './session.ts';

interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Pages<Item> {
  /** The first page, which all else hangs on. */
  first: Resource<Page<Item>>;
  items: Item[];
  /** Undefined: that was all. */
  more: (() => void) | undefined;
  loadingMore: boolean;
  problem: ApiProblem | undefined;
}

export function usePages<Item>(path: string, query: Query): Pages<Item> {
  const first = useResource<Page<Item>>(path, query);
  const [rest, setRest] = useState<Page<Item> | null>(null);
  const [loadingMore, setLoading] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const shown = useRef(first.value);
  // What follows another first page is another rest.
  useEffect(() => {
    shown.current = first.value;
    setRest(null);
    setProblem(undefined);
    setLoading(false);
  }, [first.value]);
  const next = rest ? rest.next : (first.value?.next ?? null);
  const url = withQuery(path, { ...query, cursor: next });
  const fetchMore = async (): Promise<void> => {
    const of = first.value;
    setLoading(true);
    const got = await get<Page<Item>>(url).catch(asProblem);
    if (shown.current !== of) return;
    setLoading(false);
    setProblem(got instanceof ApiProblem ? got : undefined);
    if (got instanceof ApiProblem) return;
    setRest((before) => ({ items: [...(before?.items ?? []), ...got.items], next: got.next }));
  };
  return {
    first,
    items: [...(first.value?.items ?? []), ...(rest?.items ?? [])],
    more: next === null || first.loading ? undefined : () => void fetchMore(),
    loadingMore,
    problem,
  };
}
