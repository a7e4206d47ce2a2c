/** An open, as the sensor tells it. */

import type { LostReason, RawOpener, TokenOpen } from '../../../shared/schema/token-open.ts';
import { formatTime, type Micros } from '../../../shared/time.ts';
import type { OpenedFile } from './files.ts';
import type { Verdict } from './policy.ts';

export interface OpenParts {
  time: Micros;
  file: OpenedFile;
  /** As the host sees it. */
  path: string;
  access: TokenOpen['access'];
  verdict: Verdict;
  pid: number;
  opener: { tgid: number; proc: RawOpener } | LostReason;
}

export function openLine({ time, file, path, access, verdict, pid, opener }: OpenParts): TokenOpen {
  const isLost = typeof opener === 'string';
  return {
    t: formatTime(time),
    pid,
    tgid: isLost ? pid : opener.tgid,
    path,
    volume: file.volume.name,
    pod_uid: file.volume.podUid,
    opened_as: file.openedAs,
    allowed: verdict !== 'deny',
    ...(verdict === 'would-deny' && { would_deny: true }),
    access,
    proc: isLost ? null : opener.proc,
    ...(isLost && { lost: opener }),
    credential: file.claims,
  };
}
