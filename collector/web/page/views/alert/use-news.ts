/** The alert is kept up to date, and whoever reads it is told that it went on. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { liveState, onLiveAlert } from '../../api/live.ts';
import type { Resource } from '../../api/resource.ts';
import { newsBetween } from './news.ts';

const GATHER_MS = 500;

interface News {
  text: string | null;
  dismiss(): void;
}

export function useNews(resource: Resource<AlertAnswer>, cluster: string, id: string): News {
  /** As it was when the reader last saw all of it. */
  const [seen, setSeen] = useState<AlertAnswer | undefined>();
  const latest = useRef(resource);
  latest.current = resource;
  const { value } = resource;
  const isLive = liveState.value === 'live';
  useEffect(() => {
    if (value && (seen?.id !== value.id || seen.cluster !== value.cluster)) setSeen(value);
  }, [value]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const reload = (): void => {
      timer = undefined;
      latest.current.reload();
    };
    // What changed between the answer and the stream's beginning is in neither.
    if (isLive) timer = setTimeout(reload, GATHER_MS);
    const end = onLiveAlert((alert) => {
      const now = latest.current.value;
      if (alert.id !== id || alert.cluster !== cluster || (now && alert.revision <= now.revision)) return;
      timer ??= setTimeout(reload, GATHER_MS);
    }, reload);
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [cluster, id, isLive]);
  return { text: value && seen ? newsBetween(seen, value) : null, dismiss: () => setSeen(value) };
}
