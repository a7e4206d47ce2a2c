/** Something that is asked for, and asked for anew when what it is asked by changes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from './client.ts';
import { get, type Query, withQuery } from './client.ts';
import { asProblem } from './session.ts';

export interface Resource<T> {
  /** The newest answer; while another is on its way, still the one before. */
  value: T | undefined;
  problem: ApiProblem | undefined;
  /** An answer is on its way. */
  loading: boolean;
  reload(): void;
  /** It is known otherwise what it is now. */
  put(value: T): void;
}

/** @param path null: nothing is asked for now */
export function useResource<T>(path: string | null, query: Query = {}): Resource<T> {
  const url = path === null ? null : withQuery(path, query);
  const [state, setState] = useState<Omit<Resource<T>, 'reload' | 'put'>>({
    value: undefined,
    problem: undefined,
    loading: url !== null,
  });
  const [turn, setTurn] = useState(0);
  const asked = useRef<string | null>(null);
  useEffect(() => {
    if (url === null) return undefined;
    const abort = new AbortController();
    // Of another path the value before would be shown as what it is not.
    const isOther = pathOf(asked.current) !== pathOf(url);
    asked.current = url;
    setState(({ value }) => ({ value: isOther ? undefined : value, problem: undefined, loading: true }));
    get<T>(url, {}, abort.signal).then(
      (value) => setState({ value, problem: undefined, loading: false }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState(({ value }) => ({ value, problem: asProblem(error), loading: false }));
      },
    );
    return () => abort.abort();
  }, [url, turn]);
  return {
    ...state,
    reload: () => setTurn((before) => before + 1),
    put: (value) => setState({ value, problem: undefined, loading: false }),
  };
}

const pathOf = (url: string | null): string | undefined => url?.split('?')[0];
