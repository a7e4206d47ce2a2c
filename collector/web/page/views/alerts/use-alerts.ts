/** The alerts that are listed, kept up to date by the live stream. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { AlertsPage } from '../../../../query/schemas/alerts.ts';
import { type ApiProblem, get, type Query, withQuery } from '../../api/client.ts';
import { type LiveAlert, liveState, onLiveAlert } from '../../api/live.ts';
import { asProblem } from '../../api/session.ts';
import { keyOf, newIn, withChanges, withMore, withNewOnes } from './rows.ts';

const PAGE = 50;
/** A theft that goes on changes its alert many times a second. */
const GATHER_MS = 500;

interface Listed {
  rows: readonly LiveAlert[] | undefined;
  next: string | null;
  problem: ApiProblem | undefined;
  loading: boolean;
  /** Came after the list was first shown. */
  fresh: ReadonlySet<string>;
  /** The newest first page, while it has rows that wait to be shown. */
  waiting: readonly LiveAlert[];
}

const NOTHING: Listed = {
  rows: undefined,
  next: null,
  problem: undefined,
  loading: true,
  fresh: new Set(),
  waiting: [],
};

export interface ListedAlerts extends Omit<Listed, 'waiting'> {
  /** How many new ones wait to be shown. */
  waiting: number;
  /** Grows whenever an alert appeared or changed. */
  changes: number;
  showWaiting(): void;
  more(): Promise<void>;
  reload(): void;
  /** What somebody did about them here. */
  put(changed: readonly LiveAlert[]): void;
}

/** @param isBusy whether rows must not move just now */
export function useAlerts(filter: Query, isBusy: () => boolean): ListedAlerts {
  const url = withQuery('/api/v1/alerts', { ...filter, limit: PAGE });
  const [state, setState] = useState(NOTHING);
  const [changes, setChanges] = useState(0);
  const [turn, setTurn] = useState(0);
  const current = useRef(url);
  current.current = url;
  const isLive = liveState.value === 'live';
  const wasLive = useRef(false);
  const reload = useCallback(() => setTurn((before) => before + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, loading: true, problem: undefined }));
    get<AlertsPage>(url, {}, abort.signal).then(
      ({ items, next }) => setState({ ...NOTHING, rows: items, next, loading: false }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, problem: asProblem(error), loading: false }));
      },
    );
    return () => abort.abort();
  }, [url, turn]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = new AbortController();
    const askAgain = (): void => {
      timer = undefined;
      setChanges((before) => before + 1);
      get<AlertsPage>(url, {}, abort.signal).then(
        ({ items }) => setState((before) => (isBusy() ? waitingFor(before, items) : shown(before, items))),
        // What is listed stays; the next change asks again.
        () => undefined,
      );
    };
    // What changed between the answer and the stream's beginning is in neither.
    if (isLive && !wasLive.current) timer = setTimeout(askAgain, GATHER_MS);
    wasLive.current = isLive;
    const end = onLiveAlert((alert) => {
      setState((before) => ({ ...before, rows: before.rows && withChanges(before.rows, [alert]) }));
      timer ??= setTimeout(askAgain, GATHER_MS);
    }, reload);
    return () => {
      end();
      clearTimeout(timer);
      abort.abort();
    };
  }, [url, isBusy, reload, isLive]);

  return {
    ...state,
    waiting: newIn(state.rows ?? [], state.waiting).length,
    changes,
    reload,
    showWaiting: useCallback(
      () => setState((before) => (before.waiting.length === 0 ? before : shown(before, before.waiting))),
      [],
    ),
    put: (changed) => setState((before) => ({ ...before, rows: before.rows && withChanges(before.rows, changed) })),
    more: async () => {
      try {
        const { items, next } = await get<AlertsPage>(url, { cursor: state.next });
        if (current.current !== url) return;
        setState((before) => ({ ...before, rows: withMore(before.rows ?? [], items), next, problem: undefined }));
      } catch (error) {
        if (current.current === url) setState((before) => ({ ...before, problem: asProblem(error) }));
      }
    },
  };
}

function shown(before: Listed, page: readonly LiveAlert[]): Listed {
  const rows = before.rows ?? [];
  const fresh = new Set([...before.fresh, ...newIn(rows, page).map(keyOf)]);
  return { ...before, rows: withNewOnes(rows, page), fresh, waiting: [], problem: undefined };
}

const waitingFor = (before: Listed, page: readonly LiveAlert[]): Listed => ({
  ...before,
  rows: before.rows && withChanges(before.rows, page),
  waiting: page,
});
