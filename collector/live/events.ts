/** Server-sent events as text (WHATWG HTML, 9.2). */

export interface LiveEvent {
  /** `ready` and `reset` say from where on the stream tells; `alert` and `use` what happened; `left-out` what is not told. */
  event: 'ready' | 'reset' | 'alert' | 'use' | 'left-out';
  /** The number of a change: where to go on from. Without it, the client's stays as it is. */
  id?: number;
  data: object;
}

/** JSON has no line breaks of its own, so whatever is in the data stays in its line. */
export function encodeEvent({ event, id, data }: LiveEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Says that it is still there. */
export const COMMENT = ':\n\n';
/** How long a client waits before it comes back. */
export const RETRY = 'retry: 3000\n\n';

/** Undefined: it is none of ours. */
export function readEventId(text: string): number | undefined {
  const id = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}
