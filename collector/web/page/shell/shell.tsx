/** What is around every view: where one is, where one can go, whether what is shown is live, and who one is. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import type { Micros } from '../../../../shared/time.ts';
import { goLive, liveState, stopLive } from '../api/live.ts';
import { troubledOutputs, useOutputs } from '../api/outputs.ts';
import { logOut, me } from '../api/session.ts';
import { Time } from '../parts/time.tsx';
import { ThemeButton } from './theme.tsx';

const VIEWS = [
  ['/', 'Alerts'],
  ['/history', 'History'],
  ['/fleet', 'Fleet'],
  ['/outputs', 'Outputs'],
  ['/rules', 'Rules'],
  ['/exceptions', 'Exceptions'],
  ['/reference', 'API'],
] as const;

export function Shell({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    goLive();
    return stopLive;
  }, []);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <Link href="/" class="brand">
          Truant
        </Link>
        <Views />
        <div class="bar-end">
          <LiveMark />
          <ThemeButton />
          <Who />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Lost />
    </>
  );
}

const OUTPUTS_EVERY_MS = 30_000;

function Views() {
  const [path] = useLocation();
  useOutputs(OUTPUTS_EVERY_MS);
  return (
    <nav aria-label="Views">
      {VIEWS.map(([href, name]) => (
        <Link key={href} href={href} aria-current={isAt(path, href) ? 'page' : undefined}>
          {name}
          {href === '/outputs' && <TroubledOutputs />}
        </Link>
      ))}
    </nav>
  );
}

/** An alert that nobody is sent is found by nobody but who looks here. */
function TroubledOutputs() {
  const count = troubledOutputs();
  if (count === 0) return null;
  return (
    <>
      {' '}
      <span class="nav-count" title="Outputs that do not deliver, or have dead letters">
        {count}
        <span class="unseen"> in trouble</span>
      </span>
    </>
  );
}

const isAt = (path: string, href: string): boolean =>
  href === '/' ? path === '/' || path.startsWith('/alerts') : path.startsWith(href);

const LIVE = {
  live: ['live', 'New and changed alerts appear by themselves.'],
  connecting: ['connecting', 'The live stream is interrupted; what is missed meanwhile is made up for.'],
  off: ['not live', 'Reload to see what is new.'],
} as const;

function LiveMark() {
  const [word, title] = LIVE[liveState.value];
  return (
    <span class={`live live-${liveState.value}`} role="status" title={title}>
      {word}
    </span>
  );
}

const PATIENCE_MS = 3000;

/** What is shown while nothing can come may be old, and an empty list is no all-clear. */
function Lost() {
  const [since, setSince] = useState<Micros | undefined>();
  const isLive = liveState.value === 'live';
  useEffect(() => {
    if (isLive) {
      setSince(undefined);
      return undefined;
    }
    const at = Date.now() * 1000;
    const timer = setTimeout(() => setSince(at), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isLive]);
  if (since === undefined) return null;
  return (
    <p class="lost" role="alert">
      <strong>No live connection to the collector</strong> since <Time at={since} as="clock" />. What is shown may be
      old.
    </p>
  );
}

function Who() {
  if (me.value.state !== 'known') return null;
  const { name, role, by } = me.value.who;
  if (by === 'none') return null;
  return (
    <span class="who">
      <span title={`Your role is ${role}.`}>
        {name} <small>{role}</small>
      </span>
      {by === 'session' && (
        <button type="button" class="quiet" onClick={() => void logOut()}>
          Log out
        </button>
      )}
    </span>
  );
}
