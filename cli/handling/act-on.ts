/** Has something done about alerts, by the collector's route for several. */
import { z } from 'zod';
import type { BulkBody } from '../../collector/query/schemas/alerts.ts';
import { TruantError } from '../../shared/errors.ts';
import type { AlertAction, ExceptionTerms } from '../../shared/schema/handling.ts';
import type { Api } from '../api.ts';
import { readAs } from '../read-as.ts';
import { AlertRow } from '../ui/alert-cells.ts';
import { ExceptedFinding } from './exceptions-for.ts';

/** What is to be done about an alert with these findings. */
export type Act = (findings: readonly ExceptedFinding[]) => AlertAction;

export interface Asked {
  ids: readonly string[];
  /** Left out: the collector is asked whose they are. */
  cluster?: string | undefined;
  act: Act;
  /** What is to be done depends on the findings. */
  byFindings: boolean;
}

/** What became of one alert. */
export interface Done {
  id: string;
  /** As the collector, or else this command, says it to programs. */
  body: unknown;
  action: AlertAction | undefined;
  alert?: AlertRow;
  /** Why nothing was done. */
  problem?: string;
}

interface Meant {
  cluster: string;
  id: string;
  action: AlertAction;
}

/** Most that one request may ask for. */
const MOST = 200;

const Named = z.looseObject({ cluster: z.string(), id: z.string(), findings: z.array(ExceptedFinding).default([]) });
const Answer = z.looseObject({
  items: z.array(z.looseObject({ id: z.string(), alert: AlertRow.optional(), problem: z.string().optional() })),
});

/** Of each alert, in the order asked but for those that can't be told of, which come first. */
export async function* actOn(api: Api, asked: Asked): AsyncGenerator<Done> {
  const meant: Meant[] = [];
  for (const id of asked.ids) {
    const found = await meaningOf(api, id, asked);
    if (typeof found === 'string') yield notDone(id, found);
    else meant.push(found);
  }
  for (const batch of batches(meant, asked.byFindings ? 1 : MOST)) yield* actOnBatch(api, batch);
}

/** @returns text: why it can't be done */
async function meaningOf(api: Api, id: string, { cluster, act, byFindings }: Asked): Promise<Meant | string> {
  if (cluster !== undefined && !byFindings) return { cluster, id, action: act([]) };
  try {
    const found = readAs(Named, await api.get(`api/v1/alerts/${encodeURIComponent(id)}`, { cluster }));
    return { cluster: found.cluster, id: found.id, action: act(found.findings) };
  } catch (error) {
    if (error instanceof TruantError && ['NOT_FOUND', 'REQUEST_INVALID'].includes(error.code)) return error.message;
    throw error;
  }
}

async function* actOnBatch(api: Api, batch: readonly Meant[]): AsyncGenerator<Done> {
  const [first] = batch;
  if (!first) return;
  const body: BulkBody = { alerts: batch.map(({ cluster, id }) => ({ cluster, id })), do: first.action };
  const { items } = readAs(Answer, await api.post('api/v1/alerts/actions', body));
  for (const [index, { id }] of batch.entries()) {
    const item = items[index];
    if (!item) yield notDone(id, 'the collector says nothing about it');
    else if (item.alert === undefined) yield { ...notDone(id, item.problem ?? 'nothing was done'), body: item };
    else yield { id, body: item, action: first.action, alert: item.alert };
  }
}

const notDone = (id: string, problem: string): Done => ({ id, body: { id, problem }, action: undefined, problem });

function* batches<Item>(items: readonly Item[], most: number): Generator<Item[]> {
  for (let from = 0; from < items.length; from += most) yield items.slice(from, from + most);
}

/** What was excepted with it. */
export const exceptedBy = (action: AlertAction | undefined): readonly ExceptionTerms[] =>
  action?.action === 'close' ? (action.exceptions ?? []) : [];
