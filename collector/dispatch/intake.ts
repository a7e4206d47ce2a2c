/** Reads what an output has to be told of: behind the last change that was read, and what somebody asked for. */
import type { OutputSettings } from '../../shared/config/outputs.ts';
import { type Clock, type Micros, parseTime, SECOND } from '../../shared/time.ts';
import type { AlertKey, DeadLetter, Told } from '../store/outputs.ts';
import type { AlertSummary, Store } from '../store/store.ts';
import { type Due, dueOf, toldBy } from './events.ts';
import { isFor, isWanted } from './filter.ts';
import type { OutputCounts } from './metrics.ts';
import { keyOf, type Pending } from './pending.ts';
import type { Progress } from './progress.ts';

export type Reading = Pick<Store, 'changedAlerts' | 'toldOf' | 'wholeAlerts' | 'openTold'>;

export interface IntakeOptions {
  name: string;
  settings: OutputSettings;
  store: Reading;
  pending: Pending;
  progress: Progress;
  counts: OutputCounts;
  clock: Clock;
}

/** Why an alert is looked at: it changed, or somebody asked for it. */
type Cause = { change: number } | { attempts: number };

const AT_ONCE = 200;
const ASKED_AT_ONCE = 100;

export class Intake {
  readonly #options: IntakeOptions;
  /** Everything up to this change was read. */
  #readTo: number;
  #isBehind = true;
  #asked: (AlertKey & { attempts: number })[] = [];

  constructor(options: IntakeOptions, readTo: number) {
    this.#options = options;
    this.#readTo = readTo;
  }

  /** There may be more to read. */
  wake(): void {
    this.#isBehind = true;
  }

  ask(letters: readonly Pick<DeadLetter, 'cluster' | 'alert' | 'attempts'>[]): void {
    const known = new Set(this.#asked.map(keyOf));
    const alerts = letters.map(({ cluster, alert: id, attempts }) => ({ cluster, id, attempts }));
    this.#asked.push(...alerts.filter((alert) => !known.has(keyOf(alert))));
  }

  /** Everything up to this change is done with. */
  get change(): number {
    const lowest = this.#options.pending.lowestChange();
    return lowest === undefined ? this.#readTo : lowest - 1;
  }

  /** As long as there is room. @throws TruantError STORE_UNAVAILABLE, OVERLOADED */
  async read(): Promise<void> {
    const { pending, clock } = this.#options;
    while (this.#asked.length > 0 && pending.hasRoom(clock.now())) await this.#readAsked();
    while (this.#isBehind && pending.hasRoom(clock.now())) await this.#readChanged();
  }

  async #readChanged(): Promise<void> {
    // Before it is read: whoever wakes meanwhile is heard.
    this.#isBehind = false;
    try {
      const changed = await this.#options.store.changedAlerts(this.#readTo, AT_ONCE);
      const told = await this.#toldOf(changed.map(({ alert }) => alert));
      for (const { change, alert } of changed) this.#take(alert, told.get(keyOf(alert)), { change });
      this.#readTo = changed.at(-1)?.change ?? this.#readTo;
      this.#options.counts.read(changed.length);
      if (changed.length === AT_ONCE) this.#isBehind = true;
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
  }

  async #readAsked(): Promise<void> {
    const asked = this.#asked.slice(0, ASKED_AT_ONCE);
    const attempts = new Map(asked.map((one) => [keyOf(one), one.attempts]));
    const alerts = await this.#options.store.wholeAlerts(asked);
    const told = await this.#toldOf(asked);
    for (const alert of alerts) {
      this.#take(alert, told.get(keyOf(alert)), { attempts: attempts.get(keyOf(alert)) ?? 0 });
    }
    this.#asked = this.#asked.slice(asked.length);
  }

  async #toldOf(alerts: readonly AlertKey[]): Promise<Map<string, Told>> {
    const { store, name } = this.#options;
    return new Map((await store.toldOf(name, alerts)).map((told) => [keyOf(told), told]));
  }

  #take(alert: AlertSummary, told: Told | undefined, cause: Cause): void {
    const { settings, pending, progress, clock } = this.#options;
    const now = clock.now();
    const isAskedFor = 'attempts' in cause || pending.get(alert)?.isAskedFor === true;
    const due = isAskedFor || isFor(settings, alert, told) ? dueOf(alert, knownOf(told, isAskedFor)) : [];
    const first = isAskedFor ? due[0] : due.find((one) => isWanted(settings.on, one));
    if (first === undefined) {
      pending.delete(alert);
      // It was told of that, so that this is no dead letter.
      if (isAskedFor && told) progress.told(told);
      for (const one of due) skip(one, alert, progress, now);
      return;
    }
    const { cluster, id, title, severity, status, principal, rules, revision, updatedAt } = alert;
    // Of what came while it took nothing, maybe before a restart, the alert's own time tells since when it waits.
    const { failingSince } = progress;
    const isNew = 'attempts' in cause || failingSince === null;
    const since = isNew ? now : Math.min(now, Math.max(failingSince, parseTime(updatedAt) ?? now));
    const canWait = first.canWait && !isAskedFor && told !== undefined;
    pending.put({
      cluster,
      id,
      change: 'change' in cause ? cause.change : undefined,
      event: first.event,
      about: { title, severity, status, principal, rules, revision, updatedAt },
      since,
      // A clock that was ahead must not make it wait longer.
      dueAt: canWait ? Math.min(told.at, now) + settings.updateSeconds * SECOND : since,
      attempts: 'attempts' in cause ? cause.attempts : 0,
      failures: 0,
      isAskedFor,
    });
  }
}

/** Who asks for an alert wants more than that it was counted. */
export const knownOf = (told: Told | undefined, isAskedFor: boolean): Told | undefined =>
  isAskedFor && told?.how === 'summary' ? undefined : told;

/** What the output does not want to hear of happened all the same: what comes next goes by that. */
export function skip(
  { event, isReopened }: Due,
  alert: Pick<AlertSummary, 'cluster' | 'id' | 'revision' | 'status' | 'severity'>,
  progress: Progress,
  at: Micros,
): void {
  if (event !== 'update' || isReopened) progress.told(toldBy(event, alert, at));
}
