/** One thing that happened, as a line of the table has it. */

import { describe } from '../../../../../shared/detection/deeds.ts';
import { deedOfRead } from '../../../../../shared/detection/reads/words.ts';
import { nameOf } from '../../../../../shared/detection/story.ts';
import type { Recorded, TokenFile } from '../../../../../shared/schema/observation.ts';
import type { Placement } from '../../../../../shared/schema/placement.ts';
import type { HistoryPage } from '../../../../query/schemas/history.ts';

export type HistoryItem = HistoryPage['items'][number];

export interface Row {
  id: string;
  cluster: string;
  time: number;
  kind: string;
  /** In words. */
  what: string;
  /** Whose token it is, or who did it. */
  principal: string | undefined;
  credential: string | undefined;
  source: string | null | undefined;
  userAgent: string | undefined;
  /** Undefined: nothing of the kind is placed. Null: nothing was decided. */
  placement: Placement | null | undefined;
  code: number | undefined;
  observation: Recorded;
}

export function rowOf(item: HistoryItem): Row {
  const { cluster } = item;
  if ('use' in item) {
    const { use } = item;
    const as = use.impersonated === undefined ? '' : ` (as ${use.impersonated})`;
    return {
      ...ofRequest(cluster, use, `${withoutCode(use)}${as}`),
      kind: 'use',
      principal: use.principal,
      credential: use.credential.id,
      placement: item.placement,
    };
  }
  if ('read' in item) {
    const { read } = item;
    return { ...ofFile(cluster, read), kind: 'read', what: deedOfRead(read) };
  }
  if ('file' in item) {
    const { file } = item;
    return { ...ofFile(cluster, file), kind: 'file', what: fileWords(file) };
  }
  if ('issue' in item) {
    const { issue } = item;
    const what = `${nameOf(issue.actor.username)} asked for a token of ${nameOf(issue.principal)}`;
    return {
      ...ofRequest(cluster, issue, what),
      kind: 'issue',
      principal: issue.principal,
      credential: issue.issued,
      placement: item.placement,
    };
  }
  if ('entry' in item) {
    const { entry } = item;
    const command = entry.command.length > 0 ? `: ${entry.command.join(' ')}` : '';
    const what = `${nameOf(entry.actor.username)} entered ${entry.pod.namespace}/${entry.pod.name}${command}`;
    return {
      ...ofRequest(cluster, entry, what),
      kind: 'entry',
      principal: entry.actor.username,
      credential: entry.actor.credential?.id,
    };
  }
  return { ...ofRequest(cluster, item.denied, `refused: ${withoutCode(item.denied)}`), kind: 'denied' };
}

type RequestItem = Extract<Recorded, { request: unknown }>;

const withoutCode = ({ request }: RequestItem): string => describe({ ...request, code: 0 });

function ofRequest(cluster: string, observation: RequestItem, what: string): Row {
  const { id, time, source, request } = observation;
  return {
    id,
    cluster,
    time,
    kind: observation.kind,
    what,
    principal: undefined,
    credential: undefined,
    source: source.address,
    userAgent: request.userAgent,
    placement: undefined,
    code: request.code === 0 ? undefined : request.code,
    observation,
  };
}

function ofFile(cluster: string, observation: Extract<Recorded, { file: unknown }>): Omit<Row, 'what'> {
  const { id, time, kind, principal, credential } = observation;
  return {
    id,
    cluster,
    time,
    kind,
    principal,
    credential: credential?.id,
    source: undefined,
    userAgent: undefined,
    placement: undefined,
    code: undefined,
    observation,
  };
}

const FILE_WORDS = {
  present: 'was there',
  appeared: 'appeared',
  rotated: 'was replaced by a newer one',
  gone: 'went away',
} as const;

function fileWords({ event, file: { pod, volume }, node }: TokenFile): string {
  const owner = pod.name === undefined ? pod.uid : `${pod.namespace}/${pod.name}`;
  return `a token of the pod ${owner} ${FILE_WORDS[event]} in volume ${volume}, on node ${node}`;
}
