/** What can be asked of outputs, and be done about them, over real HTTP. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outputsRoutes } from '../../collector/query/outputs.ts';
import { ProblemAnswer } from '../../collector/query/schemas/common.ts';
import {
  DeadLettersTaken,
  OutputDeadLettersPage,
  OutputsAnswer,
  OutputTestAnswer,
} from '../../collector/query/schemas/outputs.ts';
import { createServer, type HttpServer } from '../../collector/server/server.ts';
import { deadLetter, outputStatus, PlainDeadLetters, PlainDispatch, retrying } from './support/outputs.ts';
import { plainServer } from './support/running.ts';

let dispatch: PlainDispatch;
let store: PlainDeadLetters;
let server: HttpServer;
let logged: string[];

beforeEach(async () => {
  dispatch = new PlainDispatch(
    outputStatus('archive', { state: 'off' }),
    retrying('siem', { deadLetters: 3 }),
    outputStatus('was-here', { type: null, format: null, state: 'off', deadLetters: 1 }),
  );
  store = new PlainDeadLetters([
    ...[3, 2, 1].map((n) => deadLetter(n)),
    deadLetter(0, { output: 'was-here', detail: 'a\u001b[2J' }),
  ]);
  logged = [];
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(line) });
  server = createServer({ ...plainServer, routes: [outputsRoutes({ store, dispatch, log })] });
  await server.component.start();
});
afterEach(() => server.component.stop());

const get = async (path: string) => {
  const response = await fetch(`${server.address()}/api/v1/outputs${path}`);
  return { status: response.status, body: await response.json() };
};
const post = async (path: string, body?: unknown) => {
  const init =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${server.address()}/api/v1/outputs/${path}`, { method: 'POST', ...init });
  return { status: response.status, body: await response.json() };
};

describe('outputs', () => {
  test('are told of as they are', async () => {
    const { status, body } = await get('');
    expect(status).toBe(200);
    expect(OutputsAnswer.parse(body).items).toEqual(dispatch.outputs);
  });

  test('have their dead letters in pages, the newest first', async () => {
    const { items, next } = OutputDeadLettersPage.parse((await get('/dead-letters?limit=2')).body);
    expect(items).toEqual(store.items.slice(0, 2));
    const rest = OutputDeadLettersPage.parse((await get(`/dead-letters?limit=2&cursor=${next}`)).body);
    expect(rest).toEqual({ items: store.items.slice(2), next: null });
    const of = OutputDeadLettersPage.parse((await get('/dead-letters?output=was-here')).body);
    expect(of.items).toEqual([store.items[3]]);
    expect(OutputDeadLettersPage.parse((await get('/dead-letters?output=archive')).body).items).toEqual([]);
  });

  test.each([
    ['/dead-letters?output=typo', 404, /no output of that name/],
    ['/dead-letters?cursor=x', 400, /cursor must be the `next` of a page before/],
    ['/dead-letters?limit=0', 400, /limit must be/],
    ['/dead-letters?name=siem', 400, /name is no parameter/],
    ['?x=1', 400, /x is not asked for here/],
  ])('GET %s is answered %i', async (path, expected, detail) => {
    const { status, body } = await get(path);
    expect([status, ProblemAnswer.parse(body).detail]).toEqual([expected, expect.stringMatching(detail)]);
  });
});

describe('dead letters', () => {
  const [first, second] = [deadLetter(1).id, deadLetter(2).id] as const;

  test.each([
    [undefined, undefined, 3],
    [{}, undefined, 3],
    [{ ids: [first, second] }, [first, second], 2],
  ])('are sent again: %j', async (body, ids, count) => {
    const { status, body: answer } = await post('siem/replay', body);
    expect([status, DeadLettersTaken.parse(answer)]).toEqual([200, { count }]);
    expect(dispatch.asked).toEqual([['replay', 'siem', ids]]);
    expectLogged('dead letters are sent again', { output: 'siem', count, by: 'anybody' });
  });

  test.each([
    [{ ids: [first, second, 'dl_none'] }, 2, 2],
    [undefined, 3, 1],
  ])('are let go of: %j', async (body, count, left) => {
    const { status, body: answer } = await post('siem/discard', body);
    expect([status, DeadLettersTaken.parse(answer)]).toEqual([200, { count }]);
    expect(store.items).toHaveLength(left);
    expectLogged('dead letters were let go of', { output: 'siem', count, by: 'anybody' });
  });

  test('of an output that is not configured any more are let go of too', async () => {
    expect(await post('was-here/discard')).toEqual({ status: 200, body: { count: 1 } });
  });

  test.each([
    ['typo/replay', undefined, 404],
    ['typo/discard', undefined, 404],
    ['archive/replay', undefined, 409],
    ['siem/replay', { ids: [] }, 400],
    ['siem/discard', { ids: [] }, 400],
    ['siem/discard', { id: first }, 400],
    ['siem/discard', { ids: Array.from({ length: 1001 }, () => first) }, 400],
    ['siem/discard', [], 400],
    ['siem/discard', null, 400],
  ])('POST %s %j changes nothing: %i', async (path, body, expected) => {
    const { status, body: answer } = await post(path, body);
    expect([status, ProblemAnswer.parse(answer).status]).toEqual([expected, expected]);
    expect([dispatch.asked, store.items.length, logged]).toEqual([[], 4, []]);
  });
});

describe('a test alert', () => {
  test.each([
    [{ ok: true, alert: 'al_test', milliseconds: 3.5, failure: null }],
    [
      {
        ok: false,
        alert: 'al_test',
        milliseconds: 3.5,
        failure: { reason: 'dns' as const, detail: 'There is no siem.example.', remedy: null },
      },
    ],
  ])('says what came of it: %j', async (answer) => {
    dispatch.answer = answer;
    const { status, body } = await post('archive/test');
    expect([status, OutputTestAnswer.parse(body)]).toEqual([200, answer]);
    expect(dispatch.asked).toEqual([['test', 'archive']]);
    expectLogged('a test alert was sent', { output: 'archive', ok: answer.ok, by: 'anybody' });
  });

  test('for an output that is not there is sent to none', async () => {
    expect((await post('typo/test')).status).toBe(404);
    expect([dispatch.asked, logged]).toEqual([[], []]);
  });
});

function expectLogged(msg: string, fields: object): void {
  expect(logged.map((line): unknown => JSON.parse(line))).toEqual([expect.objectContaining({ msg, ...fields })]);
}
