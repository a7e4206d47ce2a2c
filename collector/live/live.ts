/**
 * Tells those who listen of alerts as they change, and of uses if they like. Alerts are read from the store behind the last
 * change that somebody was told of: nothing is left out however slow one is, or how long it was away, and nobody's
 * backlog is held in memory. Uses are told as they come, or not at all.
 */
import type { ServerResponse } from 'node:http';
import { Gauge, type Registry } from 'prom-client';
import { type Component, createComponent } from '../../shared/component/component.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import type { Every } from '../every.ts';
import type { AlertLifeStore } from '../store/alert-life.ts';
import type { Commit } from '../store/store.ts';
import { DecidedUses } from './decided-uses.ts';
import { encodeEvent, RETRY } from './events.ts';
import { Subscriber, type UsesWanted } from './subscriber.ts';

export interface LiveOptions {
  store: Pick<AlertLifeStore, 'changedAlerts' | 'lastChange'>;
  every: Every;
  log: Logger;
  registry: Registry;
}

export interface Subscription {
  /** Its headers are sent. */
  response: ServerResponse;
  /** The last change that it was told of; undefined: it wants to hear of what comes. */
  after: number | undefined;
  uses: UsesWanted | undefined;
  /** Asked now and then: whether it may still listen. */
  stillGood: () => boolean;
}

export interface Live {
  readonly component: Component;
  /**
   * Takes a place, which is given back when the response is closed.
   *
   * @throws TruantError LIMIT_REACHED when there is none, STORE_UNAVAILABLE when it is stopping
   */
  reserve(caller: string, response: ServerResponse): void;
  /** @throws TruantError STORE_UNAVAILABLE, OVERLOADED */
  lastChange(): Promise<number>;
  /** @param newest the number of the newest change */
  subscribe(subscription: Subscription, newest: number): void;
  /** Something was stored. */
  hear(commit: Commit): void;
  /** Alerts have changed, and are stored. */
  wake(): void;
}

const MOST = 200;
const MOST_OF_CALLER = 10;
const AT_ONCE = 100;
const SECOND_MS = 1000;
const BEAT_MS = 15_000;
const RECHECK_MS = 60_000;

export function createLive({ store, every, log, registry }: LiveOptions): Live {
  const metrics = componentMetrics(registry, 'live', { dropped: ['use'], errors: ['store', 'slow', 'too-many'] });
  const subscribers = new Map<Subscriber, () => boolean>();
  /** Responses that have a place, by caller. */
  const places = new Map<ServerResponse, string>();
  const decided = new DecidedUses();
  let timers: (() => void)[] = [];
  let isStopping = false;
  let isReading = false;
  let isBehind = false;
  registry.registerMetric(
    new Gauge({
      name: 'truant_live_subscribers',
      help: 'How many listen to alerts as they change.',
      registers: [],
      collect() {
        this.set(subscribers.size);
      },
    }),
  );

  function reserve(caller: string, response: ServerResponse): void {
    if (isStopping) throw new TruantError('STORE_UNAVAILABLE', 'The collector is stopping.');
    const own = [...places.values()].filter((one) => one === caller).length;
    if (places.size >= MOST || own >= MOST_OF_CALLER) {
      metrics.error('too-many');
      const most = own >= MOST_OF_CALLER ? `${MOST_OF_CALLER} of one caller` : `${MOST} in all`;
      throw new TruantError('LIMIT_REACHED', `So many listen already: ${most}.`, { remedy: 'Close one of them.' });
    }
    places.set(response, caller);
    response.once('close', () => places.delete(response));
  }

  function subscribe({ response, after, uses, stillGood }: Subscription, newest: number): void {
    const isForeign = after !== undefined && after > newest;
    const change = after === undefined || isForeign ? newest : after;
    const subscriber = new Subscriber({ response, change, uses });
    response.write(RETRY);
    // With its id, so that one who hears of nothing else knows where to go on from.
    subscriber.send({ event: isForeign ? 'reset' : 'ready', id: change, data: { change } });
    subscribers.set(subscriber, stillGood);
    response.on('drain', wake);
    response.once('close', () => subscribers.delete(subscriber));
    wake();
  }

  function wake(): void {
    isBehind = true;
    if (isReading || subscribers.size === 0) return;
    isReading = true;
    void read();
  }

  async function read(): Promise<void> {
    try {
      while (isBehind) {
        isBehind = false;
        while (await readSome());
      }
    } catch (error) {
      isBehind = true;
      metrics.error('store');
      log.warn({ err: error }, 'changes of alerts could not be read; they are told later');
    } finally {
      isReading = false;
    }
  }

  /** Whoever is furthest behind comes first; of what is read for it, others are told what is new to them. */
  async function readSome(): Promise<boolean> {
    const ready = [...subscribers.keys()].filter(({ isFull }) => !isFull);
    if (ready.length === 0) return false;
    const changed = await store.changedAlerts(Math.min(...ready.map(({ change }) => change)), AT_ONCE);
    const told = changed.map(({ change, alert }) => ({
      change,
      text: encodeEvent({ event: 'alert', id: change, data: alert }),
    }));
    for (const subscriber of ready) metrics.sent(subscriber.tell(told));
    // Fewer than that: all that there are, for everybody.
    return told.length === AT_ONCE;
  }

  function hear(commit: Commit): void {
    const listeners = [...subscribers.keys()].filter(({ uses }) => uses !== undefined);
    if (listeners.length === 0) {
      decided.clear();
      return;
    }
    const uses = decided.of(commit);
    metrics.received(uses.length);
    for (const use of uses) {
      for (const listener of listeners) if (listener.offer(use)) metrics.dropped('use');
    }
  }

  function beat(): void {
    for (const subscriber of subscribers.keys()) {
      if (subscriber.beat()) continue;
      metrics.error('slow');
      subscribers.delete(subscriber);
      subscriber.cutOff();
    }
  }

  function recheck(): void {
    for (const [subscriber, stillGood] of subscribers) if (!stillGood()) end(subscriber);
  }

  function end(subscriber: Subscriber): void {
    subscribers.delete(subscriber);
    subscriber.end();
  }

  function secondPassed(): void {
    for (const subscriber of subscribers.keys()) subscriber.refill();
    if (isBehind) wake();
  }

  const component = createComponent('live', {
    start: () => {
      timers = [every(SECOND_MS, secondPassed), every(BEAT_MS, beat), every(RECHECK_MS, recheck)];
    },
    stop: () => {
      isStopping = true;
      for (const stopTimer of timers) stopTimer();
      for (const subscriber of subscribers.keys()) end(subscriber);
      for (const response of places.keys()) response.end();
    },
  });

  return { component, reserve, lastChange: () => store.lastChange(), subscribe, hear, wake };
}
