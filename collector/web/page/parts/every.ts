/** What is asked for again and again while somebody can see it. */
import { useEffect, useRef } from 'preact/hooks';

export function useEvery(ms: number, action: () => void): void {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    const act = (): void => {
      if (!document.hidden) latest.current();
    };
    const timer = setInterval(act, ms);
    document.addEventListener('visibilitychange', act);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', act);
    };
  }, [ms]);
}
