/** What is done about some dead letters of an output, or all that it has. */
import type { DeadLettersTaken } from '../../../../query/schemas/outputs.ts';
import { post } from '../../api/client.ts';
import { counted } from '../../parts/words.ts';

export interface Which {
  output: string;
  /** Left out: all. */
  ids?: readonly string[];
}

/** @returns what came of it, as a sentence */
export const replayed = async (which: Which): Promise<string> =>
  `${counted((await act('replay', which)).count, 'alert')} will be sent to ${which.output} again.`;

export const discarded = (which: Which): Promise<DeadLettersTaken> => act('discard', which);

const act = (verb: string, { output, ids }: Which): Promise<DeadLettersTaken> =>
  post(`/api/v1/outputs/${encodeURIComponent(output)}/${verb}`, ids ? { ids } : {});
