/** Outputs as the API tells of them, short: a test names only what it is about. */
import type { Dispatch } from '../../../collector/dispatch/dispatch.ts';
import type { OutputStatus, OutputTestAnswer } from '../../../collector/query/schemas/outputs.ts';
import type { DeadLetter, OutputsStore } from '../../../collector/store/outputs.ts';
import { TruantError } from '../../../shared/errors.ts';
import { SECOND } from '../../../shared/time.ts';
import { CLUSTER, idOf, START } from './make.ts';

export function outputStatus(name: string, parts: Partial<OutputStatus> = {}): OutputStatus {
  return {
    name,
    type: 'syslog',
    target: 'siem.example:6514',
    format: 'cef',
    state: 'ok',
    on: ['create', 'update', 'close'],
    minSeverity: 'info',
    delivered: 12,
    failed: 0,
    retried: 0,
    summarised: 0,
    waiting: 0,
    lagSeconds: 0,
    lastDelivered: START,
    failure: null,
    deadLetters: 0,
    ...parts,
  };
}

/** The other side refuses since a minute, and three alerts wait. */
export const retrying = (name: string, parts: Partial<OutputStatus> = {}): OutputStatus =>
  outputStatus(name, {
    state: 'retrying',
    waiting: 3,
    lagSeconds: 61.4,
    failed: 5,
    failure: {
      reason: 'authentication',
      detail: 'It answers 401.',
      remedy: 'Put the right token into the file.',
      since: START,
      nextAttempt: START + 90 * SECOND,
    },
    ...parts,
  });

/** The n-th second's, of the n-th alert. */
export function deadLetter(n: number, parts: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: `dl_${idOf(n).slice(0, 20)}`,
    output: 'siem',
    cluster: CLUSTER,
    alert: `al_${n}`,
    revision: 1,
    event: 'create',
    title: 'Token used away from its pod',
    severity: 'critical',
    reason: 'timeout',
    detail: 'It did not answer within 30 s.',
    remedy: null,
    attempts: 4,
    since: START + (n - 3600) * SECOND,
    at: START + n * SECOND,
    ...parts,
  };
}

/** Remembers what it was asked to do. */
export class PlainDispatch implements Pick<Dispatch, 'statuses' | 'replay' | 'test'> {
  readonly asked: unknown[][] = [];
  outputs: OutputStatus[];
  answer: OutputTestAnswer = { ok: true, alert: 'al_test', milliseconds: 12, failure: null };

  constructor(...outputs: OutputStatus[]) {
    this.outputs = outputs;
  }

  async statuses(): Promise<OutputStatus[]> {
    return this.outputs;
  }

  async test(output: string): Promise<OutputTestAnswer> {
    this.#named(output);
    this.asked.push(['test', output]);
    return this.answer;
  }

  async replay(output: string, ids?: readonly string[]): Promise<number> {
    const { state, deadLetters } = this.#named(output);
    if (state === 'off') throw new TruantError('CONFLICT', 'The output is off.');
    this.asked.push(['replay', output, ids]);
    return ids?.length ?? deadLetters;
  }

  #named(output: string): OutputStatus {
    const found = this.outputs.find(({ name }) => name === output);
    if (!found) throw new TruantError('NOT_FOUND', 'There is no output of that name.');
    return found;
  }
}

/** Keeps dead letters in memory, newest first. */
export class PlainDeadLetters implements Pick<OutputsStore, 'deadLetters' | 'discardDeadLetters'> {
  items: DeadLetter[];

  constructor(items: DeadLetter[]) {
    this.items = items;
  }

  deadLetters: OutputsStore['deadLetters'] = async ({ output }, { limit, after }) => {
    const left = this.items
      .filter((item) => output === undefined || item.output === output)
      .filter(({ at }) => after === undefined || at < after.time);
    const items = left.slice(0, limit);
    const last = items.at(-1);
    const next = last && left.length > limit ? { time: last.at, id: last.id, cluster: last.cluster } : null;
    return { items, next };
  };

  discardDeadLetters: OutputsStore['discardDeadLetters'] = async ({ output, ids }) => {
    const before = this.items.length;
    this.items = this.items.filter((item) => item.output !== output || (ids && !ids.includes(item.id)));
    return before - this.items.length;
  };
}
