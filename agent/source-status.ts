/** What the parts of an agent say about themselves, as observations. */
import { hash, randomUUID } from 'node:crypto';
import type { SourceName, SourceStatus } from '../shared/schema/observation.ts';
import { formatTime } from '../shared/time.ts';

/** How a source says something about itself: its name, then what is in the observation. */
export type Tell = (source: SourceName, status: SourceStatus['status'], reason: string, detail: string) => void;

interface Said extends Pick<SourceStatus, 'status' | 'reason' | 'detail' | 'time'> {
  source: SourceName;
}

interface Place {
  node: string | undefined;
  /** Tells it from others that are the same in all else. Left out: it is told by what it says alone. */
  nth?: string;
}

/** Makes statuses that each have an id of their own, though the same be said twice at the same time. */
export class Statuses {
  readonly #node: string;
  readonly #start = randomUUID();
  #count = 0;

  constructor(node: string) {
    this.#node = node;
  }

  of(said: Said): SourceStatus {
    this.#count += 1;
    return sourceStatus({ ...said, node: this.#node, nth: `${this.#start} ${this.#count}` });
  }
}

export function sourceStatus({ node, nth = '', source, status, reason, detail, time }: Said & Place): SourceStatus {
  return {
    kind: 'status',
    id: hash('sha1', `status\n${node ?? ''}\n${source}\n${status}\n${reason}\n${time}\n${nth}`, 'hex').slice(0, 32),
    time,
    timeText: formatTime(time),
    seen: time,
    ...(node !== undefined && { node }),
    source,
    status,
    reason,
    detail: detail.slice(0, 1024),
  };
}
