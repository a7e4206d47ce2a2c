/** Dead letters out of what could not be told. Pure. */
import { createHash } from 'node:crypto';
import type { NoticeEvent } from '../../shared/formats/notice.ts';
import type { Micros } from '../../shared/time.ts';
import type { OutputFailure } from '../outputs/failure.ts';
import type { AlertKey, DeadLetter } from '../store/outputs.ts';
import type { Waiting } from './pending.ts';

const ID_DIGITS = 20;

export function letterOf(
  output: string,
  { since, attempts, ...entry }: Waiting,
  { event, revision }: { event: NoticeEvent; revision: number },
  failure: OutputFailure,
  at: Micros,
): DeadLetter {
  const { title, severity } = entry.about;
  return {
    id: idOf(output, entry),
    output,
    cluster: entry.cluster,
    alert: entry.id,
    revision,
    event,
    title,
    severity,
    reason: failure.reason,
    detail: failure.message,
    remedy: failure.remedy ?? null,
    attempts,
    since,
    at,
  };
}

function idOf(output: string, { cluster, id }: AlertKey): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([output, cluster, id]))
    .digest('hex');
  return `dl_${hash.slice(0, ID_DIGITS)}`;
}
