/** Batches that have to be sent in parts. */
import { OutputFailure } from './failure.ts';
import type { Message, Outcome } from './output.ts';

/** Runs of messages whose texts have no more than so many bytes together; one that has more is a run of its own. */
export function runsOf(messages: readonly Message[], maxBytes: number): Message[][] {
  const runs: Message[][] = [];
  let room = 0;
  for (const message of messages) {
    const bytes = Buffer.byteLength(message.text);
    if (bytes > room) {
      runs.push([]);
      room = maxBytes;
    }
    runs.at(-1)?.push(message);
    room -= bytes;
  }
  return runs;
}

/**
 * Sends all at once, and halves what is refused for one of its messages, until it is known for which: the others arrive.
 *
 * @param send throws an OutputFailure `of: 'message'` where it refuses them all
 */
export async function inParts(
  messages: readonly Message[],
  send: (part: readonly Message[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  try {
    return await send(messages);
  } catch (error) {
    if (!(error instanceof OutputFailure) || error.of !== 'message') throw error;
    if (messages.length <= 1) return messages.map(() => error);
    const half = Math.ceil(messages.length / 2);
    const first = await inParts(messages.slice(0, half), send);
    return [...first, ...(await inParts(messages.slice(half), send))];
  }
}

/** One run after the other, each in parts if need be. */
export async function inRuns(
  messages: readonly Message[],
  maxBytes: number,
  send: (part: readonly Message[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const run of runsOf(messages, maxBytes)) outcomes.push(...(await inParts(run, send)));
  return outcomes;
}
