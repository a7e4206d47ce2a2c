/** Uses as they are stored: a stream of its own, open only while somebody looks. */
import { useEffect, useState } from 'preact/hooks';
import type { UsesPage } from '../../../query/schemas/history.ts';
import { type Query, withQuery } from './client.ts';

export type LiveUse = UsesPage['items'][number];

export interface LiveUses {
  state: 'off' | 'connecting' | 'live';
  /** Newest first, at most 200. */
  items: readonly LiveUse[];
  /** How many were not told of, because there were too many. */
  leftOut: number;
}

const MOST = 200;
const NOTHING: LiveUses = { state: 'off', items: [], leftOut: 0 };

export function useLiveUses(on: boolean, query: Query): LiveUses {
  const url = on ? withQuery('/api/v1/live', { ...query, uses: true }) : null;
  const [uses, setUses] = useState<LiveUses>(NOTHING);
  useEffect(() => {
    setUses(NOTHING);
    if (url === null) return undefined;
    const source = new EventSource(url);
    const state = (value: LiveUses['state']) => (): void => setUses((before) => ({ ...before, state: value }));
    state('connecting')();
    source.addEventListener('open', state('live'));
    source.addEventListener('error', () => state(source.readyState === EventSource.CLOSED ? 'off' : 'connecting')());
    source.addEventListener('use', ({ data }: MessageEvent<string>) => {
      const use = JSON.parse(data) as LiveUse;
      setUses((before) => ({ ...before, items: [use, ...before.items].slice(0, MOST) }));
    });
    source.addEventListener('left-out', ({ data }: MessageEvent<string>) => {
      const { count } = JSON.parse(data) as { count: number };
      setUses((before) => ({ ...before, leftOut: before.leftOut + count }));
    });
    return () => source.close();
  }, [url]);
  return uses;
}
