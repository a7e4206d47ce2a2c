/** What a webhook sends, and what it makes of answers. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutputFailure } from '../../collector/outputs/failure.ts';
import type { Output } from '../../collector/outputs/output.ts';
import { signatureOf } from '../../collector/outputs/webhook/signature.ts';
import { createWebhookOutput } from '../../collector/outputs/webhook/webhook-output.ts';
import { outputs } from '../../shared/config/outputs.ts';
import type { FormatName } from '../../shared/formats/format.ts';
import { VERSION } from '../../shared/version.ts';
import { type Listening, listening } from '../support/listening.ts';
import { message } from './output-contract.ts';
import { webhookSettings } from './support/settings.ts';

interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** As its older webhooks say it. */
const TEAMS_BUSY =
  'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x';

const never = new AbortController().signal;
let server: Listening;
let asked: Asked[];
let answer: (body: string) => Answer;
let output: Output | undefined;

beforeEach(async () => {
  asked = [];
  answer = () => ({ status: 200, body: 'ok' });
  server = await listening((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      asked.push({ path: request.url ?? '', headers: request.headers, body });
      const { status, headers = {}, body: said = '' } = answer(body);
      response.writeHead(status, headers).end(said);
    });
  });
});
afterEach(async () => {
  await output?.close();
  await server.close();
});

interface Parts {
  format?: FormatName;
  environment?: Record<string, string>;
}

function outputTo(section: object, { format = 'native', environment = {} }: Parts = {}): Output {
  const settings = webhookSettings('secretUrl' in section ? section : { url: `${server.url}/in?a=b`, ...section });
  output = createWebhookOutput({ settings, format, environment, clock: { now: () => 1_700_000_000_123_456 } });
  return output;
}

const failureOf = async (delivering: Promise<unknown>): Promise<OutputFailure> =>
  delivering.then(
    () => expect.fail('it was delivered'),
    (error: unknown) => error as OutputFailure,
  );

describe('a request', () => {
  test('of one alert is that alert, and says which state of it that is', async () => {
    await outputTo({}).deliver([message('a1')], never);
    const [{ path: asksFor, headers, body }] = asked as [Asked];
    expect(asksFor).toBe('/in?a=b');
    expect(body).toBe(message('a1').text);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': `truant/${VERSION}`,
      'x-truant-notice': 'demo/a1/1/create',
    });
    expect(headers['x-truant-signature']).toBeUndefined();
  });

  test('of many is an array, even of one', async () => {
    await outputTo({ batch: 10 }).deliver([message('a1'), message('a2')], never);
    await output?.deliver([message('a3')], never);
    expect(asked.map(({ body }) => JSON.parse(body).length)).toEqual([2, 1]);
    expect(asked[0]?.headers['x-truant-notice']).toBeUndefined();
  });

  test('of many is no larger than 4 MB', async () => {
    const large = { ...message('a1'), text: JSON.stringify('x'.repeat(900_000)) };
    await outputTo({ batch: 10 }).deliver(
      Array.from({ length: 9 }, () => large),
      never,
    );
    expect(asked.map(({ body }) => JSON.parse(body).length)).toEqual([4, 4, 1]);
  });

  test.each([
    [1, 'CEF:0|a'],
    [2, 'CEF:0|a\n'],
  ])('of CEF is text, with %i a batch', async (batch, body) => {
    const text = 'CEF:0|a';
    await outputTo({ batch }, { format: 'cef' }).deliver([{ ...message('a1'), text }], never);
    expect(asked).toMatchObject([{ body, headers: { 'content-type': 'text/plain; charset=utf-8' } }]);
  });

  test('has the headers of the configuration, secret ones read each time', async () => {
    const section = {
      headers: { 'X-Team': 'Büro', 'User-Agent': 'other' },
      secretHeaders: { Authorization: { variable: 'TOKEN' } },
    };
    const environment = { TOKEN: 'Bearer first' };
    await outputTo(section, { environment }).deliver([message('a1')], never);
    environment.TOKEN = 'Bearer second';
    await output?.deliver([message('a2')], never);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    expect(asked[0]?.headers['user-agent']).toBe('other');
    expect(Buffer.from(String(asked[0]?.headers['x-team']), 'latin1').toString()).toBe('Büro');
  });
});

describe('a signature', () => {
  const body = `{"title":"Grüße \u{1f600}"}`;
  const key = 'k3y-of-a-test';

  test('is of the body and the time', async () => {
    await outputTo({ signingKey: { variable: 'KEY' } }, { environment: { KEY: key } }).deliver(
      [{ ...message('a1'), text: body }],
      never,
    );
    // printf '%s' '1700000000.{"title":"Grüße 😀"}' | openssl dgst -sha256 -hmac k3y-of-a-test
    const hex = 'ab8ac8ace6dcc1c86e9b123826c93bd4fb93598dda95580f6134db466e0b32e6';
    expect(asked[0]?.headers['x-truant-signature']).toBe(`t=1700000000,v1=${hex}`);
  });

  const now = Math.floor(Date.now() / 1000);
  const good = signatureOf(key, now, body);
  const cases: [string, string, string, boolean][] = [
    ['as it was sent', good, body, true],
    ['with another body', good, `${body} `, false],
    ['of another time', good.replace(`t=${now}`, `t=${now - 1}`), body, false],
    ['long ago', signatureOf(key, now - 1000, body), body, false],
    ['with another key', signatureOf('other', now, body), body, false],
    ['of nothing', '', body, false],
  ];

  const hasPython = spawnSync('python3', ['--version']).status === 0;
  test.skipIf(!hasPython)(
    `is verified by the documented Python${hasPython ? '' : ' (skipped: needs python3)'}`,
    async () => {
      const code = `${await documented('python')}
import json, sys
print(json.dumps([is_from_truant(header, body.encode(), b"${key}") for header, body in json.load(sys.stdin)]))`;
      const input = JSON.stringify(cases.map(([, header, sent]) => [header, sent]));
      const { stdout, stderr } = spawnSync('python3', ['-c', code], { input, encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual(cases.map(([, , , isGood]) => isGood));
    },
  );

  test('is verified by the documented JavaScript', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'truant-verify-'));
    const file = path.join(folder, 'verify.mjs');
    await writeFile(file, await documented('js'));
    const { isFromTruant } = (await import(file)) as {
      isFromTruant(header: string, body: Buffer, key: string): boolean;
    };
    for (const [what, header, sent, isGood] of cases) {
      expect(isFromTruant(header, Buffer.from(sent), key), what).toBe(isGood);
    }
    await rm(folder, { recursive: true });
  });
});

/** The only block in that language. */
async function documented(language: string): Promise<string> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs/outputs/webhook.md'), 'utf8');
  const [, code = ''] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(text) ?? [];
  expect(code).not.toBe('');
  return code;
}

describe('an answer', () => {
  test.each([200, 201, 202, 204])('of %i is a delivery', async (status) => {
    answer = () => ({ status });
    expect(await outputTo({}).deliver([message('a1')], never)).toEqual([undefined]);
  });

  test.each([400, 413, 422])('of %i is about the message', async (status) => {
    answer = () => ({ status, body: 'invalid_payload' });
    const [outcome] = await outputTo({}, { format: 'slack' }).deliver([message('a1')], never);
    expect(outcome).toMatchObject({ of: 'message', message: expect.stringContaining('invalid_payload') });
  });

  test('that refuses a batch for one message does so for that one alone, and order is kept', async () => {
    answer = (body) => ({ status: body.includes('"a3"') ? 422 : 200 });
    const messages = ['a1', 'a2', 'a3', 'a4', 'a5'].map((id) => message(id));
    const outcomes = await outputTo({ batch: 10 }).deliver(messages, never);
    expect(outcomes.map((outcome) => outcome?.reason)).toEqual([
      undefined,
      undefined,
      'rejected',
      undefined,
      undefined,
    ]);
    const taken = asked.filter(({ body }) => !body.includes('"a3"')).flatMap(({ body }) => JSON.parse(body));
    expect(taken.map(({ alert: { id } }) => id)).toEqual(['a1', 'a2', 'a4', 'a5']);
  });

  test.each<[FormatName, Answer, object]>([
    ['slack', { status: 429, headers: { 'retry-after': '30' } }, { reason: 'busy', retryAfterMs: 30_000 }],
    ['teams', { status: 429 }, { reason: 'busy' }],
    ['slack', { status: 403, body: 'action_prohibited' }, { reason: 'authorisation' }],
    ['slack', { status: 404, body: 'no_service' }, { reason: 'not-found' }],
    ['slack', { status: 410, body: 'channel_is_archived' }, { reason: 'not-found' }],
    ['native', { status: 302, headers: { location: '/login' } }, { reason: 'protocol' }],
    ['native', { status: 500 }, { reason: 'peer' }],
    ['teams', { status: 200, body: TEAMS_BUSY }, { reason: 'busy' }],
  ])('of %s that is about the output: %j', async (format, given, expected) => {
    answer = () => given;
    const failure = await failureOf(outputTo({}, { format }).deliver([message('a1')], never));
    expect(failure).toMatchObject({ of: 'output', ...expected });
  });
});

describe('a URL that is a secret', () => {
  const secretUrl = { variable: 'HOOK' };

  test('is called, and never shown', async () => {
    const url = `${server.url}/services/T00000000/B00000000?sig=s3cr3t-s3cr3t`;
    answer = () => ({ status: 404, headers: { location: url }, body: `no such thing: ${url}` });
    const delivering = outputTo({ secretUrl }, { environment: { HOOK: url } }).deliver([message('a1')], never);
    const failure = await failureOf(delivering);
    expect(asked[0]?.path).toBe('/services/T00000000/B00000000?sig=s3cr3t-s3cr3t');
    expect(failure.message).toContain(server.url);
    expect(`${failure.message} ${failure.remedy}`).not.toMatch(/T00000000|B00000000|s3cr3t/);
  });

  test.each(['', 'no url', 'http://siem.example/in', 'https://user:pass@siem.example/', 'ftp://siem.example/'])(
    '%j is none',
    async (HOOK) => {
      const failure = await failureOf(
        outputTo({ secretUrl }, { environment: { HOOK } }).deliver([message('a1')], never),
      );
      expect(failure).toMatchObject({ reason: 'secret', of: 'output', message: expect.stringContaining('HOOK') });
      expect(failure.message).not.toMatch(/siem|pass/);
    },
  );
});

test.each(['slack', 'teams'])('the configuration takes no batches for %s', (format) => {
  const webhook = { url: 'https://siem.example/in', batch: 2 };
  expect(outputs.safeParse({ one: { format, webhook } }).success).toBe(false);
  expect(outputs.safeParse({ one: { format, webhook: { ...webhook, batch: 1 } } }).success).toBe(true);
});
