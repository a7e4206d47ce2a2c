/** Views that are fetched when they are first shown. */
import type { VNode } from 'preact';
import { lazy } from 'preact/compat';
import { Empty } from './states.tsx';

export { Suspense } from 'preact/compat';

type View = () => VNode;

/** One that can't be fetched says so: a newer collector has other files, and one that is down has none. */
export const lazyView = (load: () => Promise<{ default: View }>) =>
  lazy(() => load().catch(() => ({ default: NotFetched })));

const NotFetched = () => (
  <Empty title="This view could not be fetched.">
    <p>The collector may be down, or have been renewed since the page was opened.</p>
    <button type="button" onClick={() => location.reload()}>
      Reload the page
    </button>
  </Empty>
);
