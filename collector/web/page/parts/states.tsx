/** What is shown in place of an answer: that it is on its way, that there is none, or why it failed; and what to do. */
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import type { ApiProblem } from '../api/client.ts';
import type { Resource } from '../api/resource.ts';

export function Loading({ what }: { what: string }) {
  return (
    <div class="state" role="status" aria-live="polite">
      <span class="spinner" aria-hidden="true" />
      Loading {what}…
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state state-empty">
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

const ADVICE: Readonly<Record<number, string>> = {
  0: 'Check that the collector runs and that this machine reaches it.',
  400: 'Change what you asked for.',
  401: 'Check what you log in with; whoever runs the collector gives it out.',
  403: 'Somebody with another role may do this.',
  404: 'It may have been let go of: the store keeps things for as long as its retention says.',
  429: 'Wait a moment, or ask for a shorter time.',
  503: 'The store is busy or down; its log says more. Try again in a moment.',
};

/** Trying again brings nothing of what is not there. */
const NOT_FOUND = 404;

export function Failure({ problem, retry }: { problem: ApiProblem; retry?: () => void }) {
  return (
    <div class="state state-failure" role="alert">
      <strong>{problem.message}</strong>
      <div>{ADVICE[problem.status] ?? "The collector's log says more."}</div>
      {retry && problem.status !== NOT_FOUND && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** An answer, or what there is in its place. */
export function Awaited<T>({
  resource,
  what,
  children,
}: {
  resource: Resource<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}) {
  const { value, problem, reload } = resource;
  if (problem && value === undefined) return <Failure problem={problem} retry={reload} />;
  if (value === undefined) return <Loading what={what} />;
  return (
    <>
      {problem && <Failure problem={problem} retry={reload} />}
      {children(value)}
    </>
  );
}

export function NothingHere() {
  return (
    <Empty title="There is no such page.">
      <Link href="/">Go to the alerts</Link>
    </Empty>
  );
}
