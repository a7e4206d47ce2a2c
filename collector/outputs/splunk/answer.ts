/** What Splunk's HTTP Event Collector answers: its published codes, in words. */
import { z } from 'zod';
import { type FailureReason, itSays, OutputFailure } from '../failure.ts';
import { type Answer, httpFailure } from '../http-failure.ts';

interface Meaning {
  reason: FailureReason;
  of?: 'message';
  detail: string;
  remedy?: string;
}

const TOKEN = 'Look at the token: whether it is one of this collector, whole, and enabled (Settings, Data inputs).';
const UNHEALTHY = "Look at Splunk's queues and indexers.";
const disabled: Meaning = { reason: 'authentication', detail: 'has that token switched off', remedy: TOKEN };
const unknown: Meaning = { reason: 'authentication', detail: 'does not know the token', remedy: TOKEN };
const refused: Meaning = { reason: 'rejected', of: 'message', detail: 'does not take this event' };
const busy: Meaning = { reason: 'busy', detail: 'has its queues full', remedy: UNHEALTHY };
const noChannel: Meaning = {
  reason: 'protocol',
  detail: 'wants a channel, as the token has indexer acknowledgement switched on',
  remedy: 'Set acknowledge to true, or switch indexer acknowledgement off for the token.',
};

const MEANINGS: Readonly<Record<number, Meaning>> = {
  1: disabled,
  2: unknown,
  3: unknown,
  4: unknown,
  5: refused,
  6: refused,
  7: {
    reason: 'not-found',
    detail: 'has no such index, or does not let this token write to it',
    remedy: 'Create the index, and add it to the indexes that the token may write to.',
  },
  8: { reason: 'peer', detail: 'has trouble of its own' },
  9: { reason: 'busy', detail: 'is busy' },
  10: noChannel,
  11: noChannel,
  12: refused,
  13: refused,
  14: {
    reason: 'protocol',
    detail: 'does not acknowledge for this token',
    remedy: 'Switch indexer acknowledgement on for the token, or set acknowledge to false.',
  },
  15: refused,
  18: busy,
  19: { reason: 'busy', detail: 'cannot acknowledge at the moment', remedy: UNHEALTHY },
  20: busy,
  21: unknown,
  22: disabled,
  23: { reason: 'busy', detail: 'is shutting down' },
};

/** The code of what it took. */
const SUCCESS = 0;
const Said = z.object({ text: z.string().default(''), code: z.int(), ackId: z.int().nonnegative().optional() });

/**
 * @returns the number under which the batch is acknowledged, where that is switched on
 * @throws OutputFailure `of: 'message'` when one of the events is refused
 */
export function takenAs(answer: Answer): { ackId: number | undefined } {
  const said = read(Said, answer.text);
  if (said?.code === SUCCESS && answer.status === 200) return { ackId: said.ackId };
  throw failureOf(answer);
}

/** @throws OutputFailure */
export function isAcknowledged(answer: Answer, ackId: number): boolean {
  const { acks } = read(z.object({ acks: z.record(z.string(), z.boolean()) }), answer.text) ?? {};
  if (answer.status === 200 && acks) return acks[ackId] === true;
  throw failureOf(answer);
}

/** What a batch comes to whose token turns out to acknowledge nothing. */
export const withoutAck = ({ peer }: Answer): OutputFailure => failed(peer, MEANINGS[14] as Meaning, '');

function failureOf(answer: Answer): OutputFailure {
  const said = read(Said, answer.text);
  const meaning = MEANINGS[said?.code ?? -1];
  if (said && meaning) return failed(answer.peer, meaning, itSays(`${said.text} (code ${said.code})`));
  if (answer.status !== 200) return httpFailure(answer);
  return new OutputFailure('protocol', `${answer.peer} does not answer as Splunk's HTTP Event Collector does.`, {
    remedy: 'Look at the URL.',
  });
}

function failed(peer: string, { reason, of, detail, remedy }: Meaning, said: string): OutputFailure {
  const more = { ...(of && { of }), ...(remedy !== undefined && { remedy }) };
  return new OutputFailure(reason, `${peer} ${detail}.${said}`, more);
}

function read<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
