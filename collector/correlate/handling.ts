/**
 * What people do about alerts, one after the other with everything else that changes them: the stored alert is read,
 * changed, stored with who did it, and only then goes on in the correlator.
 */
import { randomBytes } from 'node:crypto';
import { act } from '../../shared/detection/act.ts';
import { TruantError } from '../../shared/errors.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { ActionRecord, AlertAction, Exception } from '../../shared/schema/handling.ts';
import type { Clock, Micros } from '../../shared/time.ts';
import type { Store } from '../store/store.ts';
import type { TaskQueue } from '../task-queue.ts';
import type { Committing } from './committing.ts';
import type { Correlators } from './correlators.ts';
import { addExceptions, type NewException, refuseTerms } from './exceptions.ts';
import type { ExceptionsInForce } from './exceptions-in-force.ts';

/** Which alert. */
export interface AlertName {
  cluster: string;
  id: string;
}

/** What became of it: as it is then, or why nothing was done. */
export interface Acted extends AlertName {
  result: Alert | TruantError;
}

/** All reject with TruantError OVERLOADED and STORE_UNAVAILABLE, too. */
export interface Handling {
  /**
   * @returns the alert as it is then
   * @throws TruantError NOT_FOUND, CONFLICT when it is not in a state for that, REQUEST_INVALID of terms of exceptions
   */
  act(alert: AlertName, action: AlertAction, by: string): Promise<Alert>;
  /** @returns of each alert in turn; nothing is done where that is NOT_FOUND or CONFLICT, or what fails after others were done */
  actOnAll(alerts: readonly AlertName[], action: AlertAction, by: string): Promise<Acted[]>;
  /** @throws TruantError CONFLICT when there is such an exception or there are too many, REQUEST_INVALID of its terms */
  except(exception: NewException, by: string): Promise<Exception>;
  /** @throws TruantError NOT_FOUND, CONFLICT when it was revoked before */
  revoke(id: string, by: string): Promise<Exception>;
}

export interface HandlingOptions {
  store: Store;
  clock: Clock;
  turns: TaskQueue;
  inForce: ExceptionsInForce;
  correlators: Correlators;
  commit: Committing['commit'];
}

/** Alerts that are changed in one turn: whole ones are large, and what comes in waits. */
const AT_ONCE = 20;

export function createHandling({ store, clock, turns, inForce, correlators, commit }: HandlingOptions): Handling {
  const newId = () => `ex_${randomBytes(10).toString('hex')}`;

  async function actOn(names: readonly AlertName[], action: AlertAction, by: string): Promise<Acted[]> {
    const at = clock.now();
    const stored = new Map((await store.wholeAlerts(names)).map((alert) => [keyOf(alert), alert]));
    const known = await inForce.all();
    const exceptions: Exception[] = [];
    const actions: ActionRecord[] = [];
    const changed = new Map<string, Alert>();
    const resultOf = (name: AlertName): Alert | TruantError => {
      const before = stored.get(keyOf(name));
      if (!before) return noAlert();
      try {
        const after = act(before, action, { by, at });
        const added = addExceptions(exceptionsOf(after, action), [...known, ...exceptions], { by, at, newId });
        exceptions.push(...added.made);
        actions.push(recordOf(after, action, { by, at, exceptions: added.ids }));
        stored.set(keyOf(name), after);
        changed.set(keyOf(name), after);
        return after;
      } catch (error) {
        if (error instanceof TruantError && error.code === 'CONFLICT') return error;
        throw error;
      }
    };
    const results = names.map(({ cluster, id }): Acted => ({ cluster, id, result: resultOf({ cluster, id }) }));
    const alerts = [...changed.values()];
    for (const cluster of new Set(alerts.map((alert) => alert.cluster))) {
      const isOwn = (one: { cluster: string | null }) => one.cluster === cluster;
      const own = { alerts: alerts.filter(isOwn), exceptions: exceptions.filter(isOwn) };
      await commit({
        cluster,
        outcome: { placements: new Map(), alerts: own.alerts },
        actions: actions.filter(isOwn),
        exceptions: own.exceptions,
      });
      for (const alert of own.alerts) correlators.adopt(alert);
      await spread(own.exceptions);
    }
    return results;
  }

  /** Once they are stored. */
  async function spread(exceptions: readonly Exception[]): Promise<void> {
    if (exceptions.length === 0) return;
    inForce.apply(exceptions);
    correlators.except(await inForce.all());
  }

  async function save(exception: Exception): Promise<Exception> {
    const nothing = { placements: new Map(), alerts: [] };
    await commit({ cluster: exception.cluster ?? '', outcome: nothing, exceptions: [exception] });
    await spread([exception]);
    return exception;
  }

  async function except(wanted: NewException, by: string): Promise<Exception> {
    const at = clock.now();
    refuseTerms([wanted], wanted.expiresAt, at);
    const { made, ids } = addExceptions([wanted], await inForce.all(), { by, at, newId });
    if (!made[0]) throw new TruantError('CONFLICT', `There is such an exception already: ${ids.join()}.`);
    return save(made[0]);
  }

  async function revoke(id: string, by: string): Promise<Exception> {
    const [exception] = await store.exceptions({ id }, 1);
    if (!exception) throw new TruantError('NOT_FOUND', 'There is no exception with that id.');
    if (exception.revokedAt !== null) throw new TruantError('CONFLICT', 'The exception was revoked already.');
    await inForce.all();
    return save({ ...exception, revokedBy: by, revokedAt: clock.now() });
  }

  function refuseTermsOf(action: AlertAction): void {
    if (action.action === 'close') {
      refuseTerms(action.exceptions ?? [], action.exceptionsExpireAt ?? null, clock.now());
    }
  }

  return {
    act: (name, action, by) =>
      turns.run(async () => {
        refuseTermsOf(action);
        const [acted] = await actOn([name], action, by);
        const result = acted?.result ?? noAlert();
        if (result instanceof TruantError) throw result;
        return result;
      }),
    actOnAll: async (names, action, by) => {
      refuseTermsOf(action);
      const results: Acted[] = [];
      for (let from = 0; from < names.length; from += AT_ONCE) {
        const some = names.slice(from, from + AT_ONCE);
        try {
          results.push(...(await turns.run(() => actOn(some, action, by))));
        } catch (error) {
          // What was done is done, and has to be told.
          if (from === 0 || !(error instanceof TruantError)) throw error;
          return [...results, ...names.slice(from).map(({ cluster, id }): Acted => ({ cluster, id, result: error }))];
        }
      }
      return results;
    },
    except: (wanted, by) => turns.run(() => except(wanted, by)),
    revoke: (id, by) => turns.run(() => revoke(id, by)),
  };
}

const noAlert = () => new TruantError('NOT_FOUND', 'There is no alert with that id.');

const keyOf = ({ cluster, id }: AlertName): string => `${cluster}\n${id}`;

function exceptionsOf({ cluster, id }: Alert, action: AlertAction): NewException[] {
  if (action.action !== 'close') return [];
  const { exceptions = [], exceptionsExpireAt: expiresAt = null, reason, note } = action;
  return exceptions.map((terms) => ({
    ...terms,
    cluster,
    alert: id,
    reason: note || `An alert was closed as ${reason}.`,
    expiresAt,
  }));
}

interface Done {
  by: string;
  at: Micros;
  exceptions: string[];
}

function recordOf({ cluster, id }: Alert, action: AlertAction, { by, at, exceptions }: Done): ActionRecord {
  return {
    cluster,
    alert: id,
    time: at,
    by,
    action: action.action,
    note: action.note || null,
    assignee: action.action === 'assign' ? action.assignee : null,
    reason: action.action === 'close' ? action.reason : null,
    exceptions,
  };
}
