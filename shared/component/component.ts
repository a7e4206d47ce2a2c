/** The one shape of everything that runs: sources, spool, transports, receivers, store, outputs. */
export type ComponentState = 'idle' | 'starting' | 'running' | 'degraded' | 'stopping' | 'stopped' | 'failed';

export interface ComponentStatus {
  state: ComponentState;
  /** Why it is degraded or has failed, as a sentence. */
  detail?: string;
}

export interface Component {
  readonly name: string;
  /** Idempotent. Rejects when the component can't work: only at start does it fail fast. Once stopped it stays so. */
  start(): Promise<void>;
  /** Idempotent. Flushes; resolves once nothing of it runs any more. Before start: nothing to do. */
  stop(): Promise<void>;
  status(): ComponentStatus;
}

export interface ComponentParts {
  start(): Promise<void> | void;
  /** Also called when `start` was rejected, to release what it had taken. */
  stop(): Promise<void> | void;
  /** Why it does not work as it should at the moment, as a sentence; undefined while all is well. */
  degraded?(): string | undefined;
}

/** Makes a component of what is particular to it; idempotence, order and state are the same for all. */
export function createComponent(name: string, parts: ComponentParts): Component {
  let state: Exclude<ComponentState, 'degraded'> = 'idle';
  let failure: string | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    state = 'starting';
    try {
      await parts.start();
      state = 'running';
    } catch (error) {
      state = 'failed';
      failure = error instanceof Error ? error.message : String(error);
      await release();
      throw error;
    }
  };

  /** The failure to start is what matters, not a failure to clean up after it. */
  const release = async (): Promise<void> => {
    try {
      await parts.stop();
    } catch {}
  };

  const stop = async (): Promise<void> => {
    await starting?.catch(() => undefined);
    if (state !== 'running') {
      if (state === 'idle') state = 'stopped';
      return;
    }
    state = 'stopping';
    await parts.stop();
    state = 'stopped';
  };

  return {
    name,
    start: () => {
      if (stopping) return Promise.reject(new Error(`${name} has been stopped and can't be started again`));
      return (starting ??= start());
    },
    stop: () => (stopping ??= stop()),
    status: () => {
      if (failure !== undefined) return { state, detail: failure };
      const detail = state === 'running' ? parts.degraded?.() : undefined;
      return detail === undefined ? { state } : { state: 'degraded', detail };
    },
  };
}
