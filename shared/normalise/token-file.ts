/** What became of a token file, live or out of a recording -> an observation. Never throws. */
import { hash } from 'node:crypto';
import type { TokenFile } from '../schema/observation.ts';
import { TokenFileLine } from '../schema/token-open.ts';
import { type Micros, parseTime, SECOND } from '../time.ts';
import { fromClaims } from './claims.ts';
import { clean } from './scrub.ts';

/** Why a line was set aside: a closed list, so that it can be a metric's label. */
export type TokenFileRejectReason = 'not-a-token-file' | 'bad-time';

/**
 * @param line parsed
 * @param node where neither the line nor the token says on which node it was
 */
export function normaliseTokenFile(line: unknown, node: string | undefined): TokenFile | TokenFileRejectReason {
  const { data: raw } = TokenFileLine.safeParse(line);
  if (!raw) return 'not-a-token-file';
  const time = parseTime(raw.t);
  if (time === undefined || !isTime(time)) return 'bad-time';
  const { claims, event } = raw;
  const said = fromClaims(claims);
  // The kubelet puts tokens of its own node's pods there.
  const where = raw.node ?? said.binding.node?.name ?? node;
  if (where === undefined) return 'not-a-token-file';
  const uid = clean(raw.pod_uid, 64);
  const { pod } = said.binding;
  const file: Omit<TokenFile, 'id'> = {
    kind: 'file',
    time,
    timeText: raw.t,
    seen: time,
    node: clean(where, 253),
    event,
    ...said,
    file: {
      path: clean(raw.link, 1024),
      volume: clean(raw.volume, 253),
      pod: pod?.uid === uid ? { ...pod } : { uid },
    },
    // Of no ServiceAccount's token nothing is told.
    ...(claims && said.principal !== undefined && timesOf(claims)),
  };
  return { ...file, id: idOf(file) };
}

/** From 1970 on, and while microseconds are exact. */
const isTime = (time: Micros): boolean => time >= 0 && time <= Number.MAX_SAFE_INTEGER;

type Claims = NonNullable<TokenFileLine['claims']>;

function timesOf(claims: Claims): Pick<TokenFile, 'issuedAt' | 'expiresAt' | 'warnAfter'> {
  return {
    ...named('issuedAt', claims.iat),
    ...named('expiresAt', claims.exp),
    ...named('warnAfter', claims.warnafter ?? claims['kubernetes.io']?.warnafter),
  };
}

/** Seconds that are no time are left out: anybody who makes a Secret can write any claims. */
function named<K extends string>(key: K, seconds: number | undefined): { [P in K]?: Micros } {
  const time = Math.round((seconds ?? Number.NaN) * SECOND);
  return (isTime(time) ? { [key]: time } : {}) as { [P in K]?: Micros };
}

const idOf = ({ node, timeText, event, file, credential }: Omit<TokenFile, 'id'>): string =>
  hash('sha1', `file\n${node}\n${timeText}\n${event}\n${file.path}\n${credential?.id ?? ''}`, 'hex').slice(0, 32);
