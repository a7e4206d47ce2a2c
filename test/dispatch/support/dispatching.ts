/** A dispatcher over a store in memory, in a time of the test's own. */
import { Registry } from 'prom-client';
import type { Dispatch } from '../../../collector/dispatch/dispatch.ts';
import { createDispatch } from '../../../collector/dispatch/dispatcher.ts';
import type { Output } from '../../../collector/outputs/output.ts';
import { openDuckDbStore } from '../../../collector/store/duckdb/duckdb-store.ts';
import type { Store } from '../../../collector/store/store.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import type { Alert } from '../../../shared/schema/alert.ts';
import { formatTime } from '../../../shared/time.ts';
import { silent } from '../../collector/support/doubles.ts';
import { alert, CLUSTER, outcome, START } from '../../collector/support/make.ts';
import { VirtualTime } from './virtual-time.ts';

export class Dispatching {
  readonly time = new VirtualTime();
  readonly store: Store;
  readonly registry = new Registry();
  dispatch: Dispatch | undefined;
  #woken: Dispatch | undefined;

  static async open(): Promise<Dispatching> {
    const options = { memoryMegabytes: 128, threads: 1, queryTimeoutMs: 10_000, at: START };
    return new Dispatching(await openDuckDbStore({ ...options, path: ':memory:' }));
  }

  private constructor(store: Store) {
    this.store = store;
  }

  /**
   * Starts a dispatcher, without waiting for what it sends.
   *
   * @param outputs their settings, over those of an output to standard output
   * @param over the store as it sees it
   */
  async start(
    outputs: Readonly<Record<string, { settings?: object; output: Output }>>,
    over: Store = this.time.watched(this.store),
  ): Promise<Dispatch> {
    const sections = Object.entries(outputs).map(([name, { settings }]) => [name, { stdout: {}, ...settings }]);
    const config = parseConfig({ collector: { outputs: Object.fromEntries(sections) } });
    const made = Object.values(outputs).map(({ output }) => output);
    const dispatch = createDispatch({
      store: over,
      outputs: config.collector.outputs,
      createOutput: () => made.shift() as Output,
      page: 'https://truant.example',
      alertsTopic: 'truant.alerts',
      clock: this.time,
      pause: this.time.pause,
      log: silent,
      registry: new Registry(),
    });
    await dispatch.component.start();
    this.#woken = dispatch;
    this.dispatch = dispatch;
    return dispatch;
  }

  /** Stores alerts, and lets the dispatcher tell of them. */
  async put(...alerts: Alert[]): Promise<void> {
    await this.store.commit({ cluster: CLUSTER, at: this.time.now(), outcome: outcome([], alerts) });
    this.#woken?.wake();
    await this.time.settled();
  }

  alert(id: string, parts: Partial<Alert> = {}): Alert {
    const now = formatTime(this.time.now());
    return alert(id, { createdAt: now, updatedAt: now, ...parts });
  }

  async dispose(): Promise<void> {
    const stopping = this.dispatch?.component.stop();
    await this.time.advance(10_000);
    await stopping;
    await this.store.close();
  }
}
