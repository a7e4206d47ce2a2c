/** Where alerts are sent: how each output is, what it could not deliver, and what is to become of that. */
import type { FastifyInstance } from 'fastify';
import { TruantError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import { type Caller, nameOf } from '../identity/caller.ts';
import { endpoint, type RegisterRoutes } from '../server/endpoint.ts';
import type { OutputsStore } from '../store/outputs.ts';
import { answer } from './answers.ts';
import { NoQuery, OutputDeadLettersQuery } from './parameters.ts';
import {
  DeadLettersBody,
  DeadLettersTaken,
  OutputDeadLettersPage,
  OutputsAnswer,
  OutputTestAnswer,
} from './schemas/outputs.ts';

/** As many ids as one request may name. */
const MAX_BODY_BYTES = 128 * 1024;

export interface OutputsRoutesOptions {
  store: Pick<OutputsStore, 'deadLetters' | 'discardDeadLetters'>;
  dispatch: Pick<Dispatch, 'statuses' | 'replay' | 'test'>;
  log: Logger;
}

export function outputsRoutes({ store, dispatch, log }: OutputsRoutesOptions): (server: FastifyInstance) => void {
  /** Of a name that nobody has, an empty list would look like an all-clear. */
  const named = async (output: string): Promise<string> => {
    const known = await dispatch.statuses();
    if (known.some(({ name }) => name === output)) return output;
    throw new TruantError('NOT_FOUND', 'There is no output of that name, and nothing that one could not deliver.');
  };
  const told = (what: { output: string; count?: number; ok?: boolean }, caller: Caller, message: string): void =>
    log.info({ ...what, by: nameOf(caller) }, message);

  const routes: RegisterRoutes[] = [
    endpoint({
      method: 'GET',
      url: '/api/v1/outputs',
      tag: 'Outputs',
      summary: 'List outputs',
      description: 'Those that are configured, and those that are not any more but have dead letters, by name.',
      query: NoQuery,
      answer: { schema: OutputsAnswer },
      handle: async () => ({ items: await dispatch.statuses() }),
    }),
    endpoint({
      method: 'GET',
      url: '/api/v1/outputs/dead-letters',
      tag: 'Outputs',
      summary: 'List what could not be delivered',
      description: 'One an output and alert, with why. Newest first.',
      query: OutputDeadLettersQuery,
      answer: { schema: OutputDeadLettersPage },
      handle: async ({ query: { output, limit, cursor: after } }) => {
        if (output !== undefined) await named(output);
        return answer(await store.deadLetters({ output }, { limit, after }));
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/outputs/:name/replay',
      access: 'admin',
      bodyLimit: MAX_BODY_BYTES,
      tag: 'Outputs',
      summary: 'Send dead letters again',
      description:
        'The alerts are sent as they are now; those that arrive are no dead letters any more. Without ids: all of the output. Answers 409 when the output is off or not configured.',
      query: NoQuery,
      body: DeadLettersBody.optional(),
      answer: { schema: DeadLettersTaken },
      handle: async ({ params: { name: output = '' }, body, caller }) => {
        const count = await dispatch.replay(output, body?.ids);
        told({ output, count }, caller, 'dead letters are sent again');
        return { count };
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/outputs/:name/discard',
      access: 'admin',
      bodyLimit: MAX_BODY_BYTES,
      tag: 'Outputs',
      summary: 'Let go of dead letters',
      description: 'The output never tells of them in that state; the alerts stay. Without ids: all of the output.',
      query: NoQuery,
      body: DeadLettersBody.optional(),
      answer: { schema: DeadLettersTaken },
      handle: async ({ params: { name = '' }, body, caller }) => {
        const output = await named(name);
        const count = await store.discardDeadLetters({ output, ids: body?.ids });
        told({ output, count }, caller, 'dead letters were let go of');
        return { count };
      },
    }),
    endpoint({
      method: 'POST',
      url: '/api/v1/outputs/:name/test',
      access: 'admin',
      tag: 'Outputs',
      summary: 'Send a test alert',
      description:
        'Marked as a test, past all filters and limits, also when the output is off. Answers once it is known what came of it: whether it arrived, and else why not.',
      query: NoQuery,
      answer: { schema: OutputTestAnswer },
      handle: async ({ params: { name: output = '' }, caller }) => {
        const outcome = await dispatch.test(output);
        told({ output, ok: outcome.ok }, caller, 'a test alert was sent');
        return outcome;
      },
    }),
  ];
  return (server) => {
    for (const register of routes) register(server);
  };
}
