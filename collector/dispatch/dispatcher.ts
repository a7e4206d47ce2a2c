/** Sends alerts to outputs: a worker for each, so that none waits for another, and nobody for any of them. */
import type { Registry } from 'prom-client';
import { type Pause, pause as realPause } from '../../shared/component/backoff.ts';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { formatOf, type OutputSettings, typeOf } from '../../shared/config/outputs.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Clock } from '../../shared/time.ts';
import type { Output } from '../outputs/output.ts';
import { targetOf } from '../outputs/target.ts';
import type { OutputStatus, OutputTestAnswer } from '../query/schemas/outputs.ts';
import type { OutputCursor } from '../store/outputs.ts';
import type { Cursor, Store } from '../store/store.ts';
import { Delivery } from './delivery.ts';
import type { Dispatch } from './dispatch.ts';
import { measureOutputs, type OutputCounts, outputCounts } from './metrics.ts';
import { type Render, renderOf, tryOutput } from './trial.ts';
import { type DispatchStore, OutputWorker, type WorkerStatus } from './worker.ts';

export interface DispatcherOptions {
  store: DispatchStore & Pick<Store, 'deadLetters' | 'deadLetterCounts'>;
  outputs: Readonly<Record<string, OutputSettings>>;
  createOutput(settings: OutputSettings): Output;
  /** Where people reach the page, if that is known. */
  page: string | undefined;
  /** Of outputs to Kafka that name none. */
  alertsTopic: string;
  clock: Clock;
  /** Default: as time goes. */
  pause?: Pause;
  log: Logger;
  registry: Registry;
}

interface Member {
  name: string;
  settings: OutputSettings;
  output: Output;
  delivery: Delivery;
  render: Render;
  counts: OutputCounts;
  /** Undefined: it is off, or not started yet. */
  worker?: OutputWorker;
}

const LETTERS_AT_ONCE = 1000;
const UNTOUCHED: WorkerStatus = {
  delivered: 0,
  failed: 0,
  retried: 0,
  summarised: 0,
  waiting: 0,
  lagSeconds: 0,
  lastDelivered: null,
  failure: null,
};

export function createDispatch(options: DispatcherOptions): Dispatch {
  const { store, clock, pause = realPause, log, registry } = options;
  const members = new Map(Object.entries(options.outputs).map(([name, settings]) => [name, memberOf(name, settings)]));
  measureOutputs(
    registry,
    () => [...members.values()].map((member) => ({ name: member.name, ...statusOf(member) })),
    () => store.deadLetterCounts(),
  );

  function memberOf(name: string, settings: OutputSettings): Member {
    const output = options.createOutput(settings);
    return {
      name,
      settings,
      output,
      delivery: new Delivery(output, settings.timeoutSeconds, pause),
      render: renderOf(settings, output),
      counts: outputCounts(registry, name),
    };
  }

  async function start(): Promise<void> {
    const cursors = new Map((await store.outputCursors()).map((cursor) => [cursor.output, cursor]));
    const newest = await store.lastChange();
    for (const member of members.values()) {
      if (!member.settings.enabled) continue;
      const cursor = await begin(member, cursors.get(member.name), newest);
      const worker = new OutputWorker(
        { ...options, ...member, pause, log: log.child({ output: member.name }) },
        member.delivery,
        cursor,
      );
      member.worker = worker;
      worker.start();
    }
  }

  /** Where it goes on from; stored before anything is sent. */
  async function begin(
    { name, settings }: Member,
    stored: OutputCursor | undefined,
    newest: number,
  ): Promise<OutputCursor> {
    const failingSince = stored?.failingSince ?? null;
    // A clock that was ahead must not keep it from ever giving up.
    if (stored && stored.change <= newest) {
      return { ...stored, failingSince: failingSince && Math.min(failingSince, clock.now()) };
    }
    if (stored)
      log.warn({ output: name }, 'an output has come further than the store, which was made anew; it begins anew');
    const cursor = { output: name, change: settings.from === 'now' ? newest : 0, failingSince: null };
    await store.saveOutput({ cursor, told: [], dead: [] });
    return cursor;
  }

  async function stop(): Promise<void> {
    await Promise.all([...members.values()].map(({ worker, delivery }) => (worker ? worker.stop() : delivery.end())));
  }

  function wake(): void {
    for (const { worker } of members.values()) worker?.wake();
  }

  async function statuses(): Promise<OutputStatus[]> {
    const deadLetters = await store.deadLetterCounts();
    const configured = [...members.values()].map((member): OutputStatus => {
      const { name, settings, worker } = member;
      const status = statusOf(member);
      const isOn = worker !== undefined;
      return {
        name,
        type: typeOf(settings),
        target: targetOf(settings, options.alertsTopic),
        format: formatOf(settings) ?? null,
        state: isOn ? (status.failure ? 'retrying' : 'ok') : 'off',
        on: settings.on,
        minSeverity: settings.minSeverity,
        ...status,
        deadLetters: deadLetters.get(name) ?? 0,
      };
    });
    const gone = [...deadLetters].filter(([name]) => !members.has(name)).map(([name, count]) => left(name, count));
    return [...configured, ...gone].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  function known(name: string): Member {
    const member = members.get(name);
    if (member) return member;
    throw new TruantError('NOT_FOUND', `There is no output ${name}.`, {
      remedy: 'Look for its name in collector.outputs of the configuration.',
    });
  }

  const test = async (name: string): Promise<OutputTestAnswer> => tryOutput(known(name), clock);

  async function replay(name: string, ids?: readonly string[]): Promise<number> {
    const member = members.get(name);
    if (!member && !(await store.deadLetterCounts()).has(name)) known(name);
    if (!member?.worker) {
      throw new TruantError('CONFLICT', `The output ${name} is ${member ? 'off' : 'not configured any more'}.`, {
        remedy: `Configure it in collector.outputs${member ? ' with enabled: true' : ''}, or discard its dead letters.`,
      });
    }
    let count = 0;
    for (let after: Cursor | null | undefined; after !== null; ) {
      const page = await store.deadLetters({ output: name, ids }, { limit: LETTERS_AT_ONCE, after });
      member.worker.replay(page.items);
      count += page.items.length;
      after = page.next;
    }
    return count;
  }

  function degraded(): string | undefined {
    const failing = [...members.values()].filter((member) => statusOf(member).failure !== null);
    const [first] = failing;
    if (first === undefined) return undefined;
    const others = failing.length === 1 ? '' : ` ${failing.length - 1} more, too.`;
    return `The output ${first.name} takes no alerts: ${statusOf(first).failure?.detail}${others}`;
  }

  const component: Component = createComponent('outputs', { start, stop, degraded });
  return { component, wake, statuses, test, replay };
}

const statusOf = ({ worker }: Member): WorkerStatus => worker?.status() ?? UNTOUCHED;

/** Of one that is not configured any more. */
const left = (name: string, deadLetters: number): OutputStatus => ({
  name,
  type: null,
  target: '',
  format: null,
  state: 'off',
  on: [],
  minSeverity: 'info',
  ...UNTOUCHED,
  deadLetters,
});
