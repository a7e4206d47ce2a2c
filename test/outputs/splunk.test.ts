/** What Splunk is sent, and what is said of its answers; by a server that checks the published contract, not the real one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import type { Message, Outcome } from '../../collector/outputs/output.ts';
import { createSplunkOutput } from '../../collector/outputs/splunk/splunk-output.ts';
import { cef } from '../../shared/formats/cef.ts';
import { ecs } from '../../shared/formats/ecs.ts';
import type { Format } from '../../shared/formats/format.ts';
import { native } from '../../shared/formats/native.ts';
import { ocsf } from '../../shared/formats/ocsf.ts';
import { alert } from '../collector/support/make.ts';
import { arbitraryNotice, noticeOf, summary } from '../formats/support/notices.ts';
import { recordedAlerts } from '../formats/support/recorded-alerts.ts';
import { Authority } from '../support/certificates.ts';
import { message } from './output-contract.ts';
import { type HecOptions, HecServer } from './support/hec-server.ts';
import { splunkSettings } from './support/settings.ts';

const TOKEN = '5a1f0f0e-0000-4000-8000-000000000001';
const never = new AbortController().signal;

let server: HecServer;
afterEach(() => server.goDown());

interface Run {
  options?: Partial<HecOptions>;
  section?: object;
  environment?: Record<string, string>;
  timeoutMs?: number;
}

/** A server, and an output to it. */
async function begin({ options, section, environment = { TOKEN }, timeoutMs = 5000 }: Run = {}) {
  server = await HecServer.start({ token: TOKEN, ...options });
  const settings = splunkSettings({ url: server.url, token: { variable: 'TOKEN' }, ...section });
  const output = createSplunkOutput({ settings, environment, timeoutMs, pollMs: 5 });
  return (...messages: Message[]): Promise<Outcome[]> => output.deliver(messages, never);
}

async function failureOf(delivering: Promise<unknown>): Promise<{ reason: string; of: string; said: string }> {
  const error = await delivering.then(
    () => expect.fail('it was delivered'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(OutputFailure);
  const { reason, of, message: said, remedy } = error as OutputFailure;
  return { reason, of, said: `${said} ${remedy}` };
}

describe('what Splunk is sent', () => {
  test('an alert, with when it changed, and what it is found by', async () => {
    const deliver = await begin({ options: { indexes: ['security'] }, section: { index: 'security' } });
    const about = alert('a1', { revision: 3, updatedAt: '2030-01-02T03:04:05.678912Z', cluster: 'prod' });
    const notice = noticeOf(about, { event: 'close', isTest: true });
    await deliver({ notice, text: native.alert(notice) });
    expect(server.taken).toEqual([
      {
        time: 1893553445.678,
        host: 'prod',
        source: 'truant',
        sourcetype: 'truant:alert',
        index: 'security',
        event: JSON.parse(native.alert(notice)),
        fields: {
          alert_id: 'a1',
          change: 'close',
          cluster: 'prod',
          notice_id: 'prod/a1/3/close',
          revision: '3',
          severity: 'critical',
          test: 'true',
        },
      },
    ]);
  });

  test('a summary', async () => {
    const deliver = await begin();
    await deliver({ notice: summary, text: native.summary(summary) });
    expect(server.taken).toMatchObject([
      { host: 'truant', fields: { notice_id: summary.id, change: 'summary', severity: 'critical' } },
    ]);
  });

  test.each<[string, Format]>([
    ['native', native],
    ['ocsf', ocsf],
    ['ecs', ecs],
    ['cef', cef],
  ])('alerts of the recordings, and what somebody hostile has chosen: %s', async (_, format) => {
    const deliver = await begin();
    const notices = [
      ...(await recordedAlerts()).map((each) => noticeOf(each)),
      ...fc.sample(arbitraryNotice, { numRuns: 100, seed: 6 }),
    ];
    const messages = notices.map((notice) => ({ notice, text: format.alert(notice) }));
    expect(await deliver(...messages)).toEqual(messages.map(() => undefined));
    const events = server.taken.map(({ event }) => event);
    expect(events).toEqual(messages.map(({ text }) => (format === cef ? text : JSON.parse(text))));
  });

  test('requests of no more than a megabyte', async () => {
    const deliver = await begin();
    const title = 'x'.repeat(400_000);
    const messages = ['a1', 'a2', 'a3'].map((id) => message(id, { title }));
    // The first request is refused for what it holds, and sent in parts: only its own two messages are.
    server.instead.push({ status: 413, body: '' });
    expect(await deliver(...messages)).toEqual([undefined, undefined, undefined]);
    expect(server.taken.map(({ fields }) => fields['alert_id'])).toEqual(['a1', 'a2', 'a3']);
  });
});

describe('what Splunk answers', () => {
  test.each([
    { status: 403, code: 1, text: 'Token disabled', reason: 'authentication', of: 'output', says: /switched off/ },
    { status: 401, code: 2, text: 'Token is required', reason: 'authentication', of: 'output', says: /the token/ },
    { status: 403, code: 4, text: 'Invalid token', reason: 'authentication', of: 'output', says: /does not know/ },
    { status: 400, code: 7, text: 'Incorrect index', reason: 'not-found', of: 'output', says: /Create the index/ },
    { status: 500, code: 8, text: 'Internal server error', reason: 'peer', of: 'output', says: /trouble/ },
    { status: 503, code: 9, text: 'Server is busy', reason: 'busy', of: 'output', says: /busy/ },
    { status: 400, code: 10, text: 'Data channel is missing', reason: 'protocol', of: 'output', says: /acknowledge/ },
    { status: 400, code: 11, text: 'Invalid data channel', reason: 'protocol', of: 'output', says: /acknowledge/ },
    { status: 400, code: 14, text: 'ACK is disabled', reason: 'protocol', of: 'output', says: /acknowledge/ },
    { status: 503, code: 18, text: 'HEC is unhealthy, queues are full', reason: 'busy', of: 'output', says: /queues/ },
    { status: 503, code: 23, text: 'Server is shutting down', reason: 'busy', of: 'output', says: /shutting/ },
    { status: 503, code: 999, text: 'Something new', reason: 'busy', of: 'output', says: /503/ },
  ])('$code, $text: all of it again', async ({ status, code, text, reason, of, says }) => {
    const deliver = await begin();
    server.instead.push({ status, body: JSON.stringify({ text, code }) });
    const failure = await failureOf(deliver(message('a1'), message('a2')));
    expect(failure).toMatchObject({ reason, of });
    expect(failure.said).toMatch(says);
    expect(failure.said).toContain(text);
    expect(server.taken).toEqual([]);
  });

  test.each([
    { status: 400, body: '{"text":"Invalid data format","code":6,"invalid-event-number":0}', reason: 'rejected' },
    { status: 400, body: '{"text":"Error in handling indexed fields","code":15}', reason: 'rejected' },
    { status: 413, body: '', reason: 'too-large' },
  ])('$body: that one is refused, the others arrive', async ({ status, body, reason }) => {
    const deliver = await begin();
    // All four, the first two, the first.
    for (let times = 0; times < 3; times++) server.instead.push({ status, body });
    const outcomes = await deliver(...['a1', 'a2', 'a3', 'a4'].map((id) => message(id)));
    expect(outcomes.map((outcome) => outcome?.reason)).toEqual([reason, undefined, undefined, undefined]);
    expect(outcomes[0]?.of).toBe('message');
    expect(server.taken.map(({ fields }) => fields['alert_id'])).toEqual(['a2', 'a3', 'a4']);
  });

  test('one event that is no event is found among others', async () => {
    const deliver = await begin();
    const bad = { ...message('bad'), text: '{"broken' };
    const outcomes = await deliver(message('a1'), message('a2'), bad, message('a3'));
    expect(outcomes.map((outcome) => outcome?.reason)).toEqual([undefined, undefined, 'rejected', undefined]);
    expect(new Set(server.taken.map(({ fields }) => fields['alert_id']))).toEqual(new Set(['a1', 'a2', 'a3']));
  });

  test.each(['', 'not JSON', '{}', '[]', 'null', '{"code":"0"}', '{"text":"Success"}', '<html>login</html>'])(
    '%s with status 200 is not of Splunk',
    async (body) => {
      const deliver = await begin();
      server.instead.push({ status: 200, body });
      expect(await failureOf(deliver(message('a1')))).toMatchObject({ reason: 'protocol', of: 'output' });
    },
  );

  test('a wrong token is said, and never shown', async () => {
    const deliver = await begin({ environment: { TOKEN: 'wrong-token-abcdef' } });
    const failure = await failureOf(deliver(message('a1')));
    expect(failure).toMatchObject({ reason: 'authentication', of: 'output' });
    expect(failure.said).toMatch(/Invalid token \(code 4\).*Look at the token/);
    expect(failure.said).not.toContain('abcdef');
  });

  test('a token that is missing is said', async () => {
    const deliver = await begin({ environment: {} });
    expect(await failureOf(deliver(message('a1')))).toMatchObject({ reason: 'secret', of: 'output' });
  });

  test('an index that the token may not write to is said', async () => {
    const deliver = await begin({ section: { index: 'other' }, options: { indexes: ['security'] } });
    expect(await failureOf(deliver(message('a1')))).toMatchObject({ reason: 'not-found', of: 'output' });
  });
});

describe('acknowledgement by the indexers', () => {
  test('is waited for', async () => {
    const deliver = await begin({ options: { acknowledges: true }, section: { acknowledge: true } });
    server.indexesAfter = 5;
    expect(await deliver(message('a1'))).toEqual([undefined]);
    expect(await deliver(message('a2'))).toEqual([undefined]);
  });

  test('that does not come is no delivery', async () => {
    const deliver = await begin({
      options: { acknowledges: true },
      section: { acknowledge: true },
      timeoutMs: 200,
    });
    server.indexesAfter = Number.POSITIVE_INFINITY;
    const failure = await failureOf(deliver(message('a1')));
    expect(failure).toMatchObject({ reason: 'timeout', of: 'output' });
    expect(failure.said).toMatch(/have not acknowledged.*load balancer/);
  });

  test('that the token has not is said', async () => {
    const deliver = await begin({ section: { acknowledge: true } });
    const failure = await failureOf(deliver(message('a1')));
    expect(failure).toMatchObject({ reason: 'protocol', of: 'output' });
    expect(failure.said).toMatch(/set acknowledge to false/);
  });

  test('that the token wants is said', async () => {
    const deliver = await begin({ options: { acknowledges: true } });
    const failure = await failureOf(deliver(message('a1')));
    expect(failure).toMatchObject({ reason: 'protocol', of: 'output' });
    expect(failure.said).toMatch(/Set acknowledge to true/);
  });
});

test('over TLS, with a certificate of its own', async () => {
  const authority = new Authority();
  const folder = await mkdtemp(path.join(tmpdir(), 'truant-splunk-'));
  const { cert, key } = authority.issue({ dns: ['collector.example'] });
  const files = { caFile: authority.pem, certFile: cert, keyFile: key };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  const tls = { ...authority.issue({ ip: ['127.0.0.1'] }), ca: authority.pem, requestCert: true };
  const paths = Object.fromEntries(Object.keys(files).map((name) => [name, path.join(folder, name)]));
  const deliver = await begin({ options: { tls }, section: { tls: paths } });
  expect(await deliver(message('a1'))).toEqual([undefined]);
  await rm(folder, { recursive: true });
});
