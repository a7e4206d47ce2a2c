/**
 * A signal that is aborted once one of these is. `AbortSignal.any` leaves a trace in the given ones for as long as they live,
 * and what listens to what it made lives as long too: with a signal of the whole process, what is done often takes ever more.
 */
export interface LinkedSignal {
  signal: AbortSignal;
  /** It is needed no more. */
  release(): void;
}

export function anySignal(...given: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  const abort = ({ target }: { target: EventTarget | null }): void =>
    controller.abort(target instanceof AbortSignal ? target.reason : undefined);
  const aborted = given.find((signal) => signal.aborted);
  if (aborted) controller.abort(aborted.reason);
  else for (const signal of given) signal.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of given) signal.removeEventListener('abort', abort);
    },
  };
}
