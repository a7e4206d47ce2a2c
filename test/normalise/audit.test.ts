import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RequestStages } from '../../shared/normalise/stages.ts';
import { Observation, type RequestObservation } from '../../shared/schema/observation.ts';
import { parseTime } from '../../shared/time.ts';
import { fakeToken, lineOf, normalise, observe } from './lines.ts';

const [plain] = observe({}) as [RequestObservation];

describe('the lenient edge', () => {
  it.each([
    ['userAgent'],
    ['sourceIPs'],
    ['objectRef'],
    ['responseStatus'],
    ['annotations'],
    ['kind'],
    ['apiVersion'],
    ['level'],
  ])('reads an event without %s', (field) => {
    const [use] = observe({ [field]: undefined });
    expect(use).toMatchObject({ kind: 'use', principal: 'system:serviceaccount:shop:inventory' });
    expect(Observation.safeParse(use).success).toBe(true);
  });

  it.each(['sourceIPs', 'objectRef', 'responseStatus', 'annotations', 'impersonatedUser', 'requestObject'])(
    'takes null for an absent %s',
    (field) => {
      expect(observe({ [field]: null })).toHaveLength(1);
    },
  );

  it('tells of nothing where the user is missing, and of nobody where the user is empty', () => {
    expect(normalise(lineOf({ user: undefined }))).toEqual({ ok: false, reason: 'not-an-event' });
    expect(observe({ user: {} })).toEqual([]);
  });

  it.each([
    ['no JSON', 'not json', 'not-json'],
    ['half a line', lineOf().slice(0, 300), 'not-json'],
    ['nothing', '', 'not-json'],
    ['a number', '1', 'not-an-event'],
    ['null', 'null', 'not-an-event'],
    ['a list', '[]', 'not-an-event'],
    ['a text', '"system:serviceaccount:a:b"', 'not-an-event'],
    ['a user that is a text', lineOf({ user: 'x' }), 'not-an-event'],
    ['an extra that is no list', lineOf({ user: { username: 'x', extra: { a: 'b' } } }), 'not-an-event'],
    ['addresses that are numbers', lineOf({ sourceIPs: [1, 2] }), 'not-an-event'],
    ['a code that is a text', lineOf({ responseStatus: { code: '200' } }), 'not-an-event'],
    ['a verb that is missing', lineOf({ verb: undefined }), 'not-an-event'],
    ['a time that is none', lineOf({ requestReceivedTimestamp: 'yesterday' }), 'bad-time'],
    ['a stage time that is none', lineOf({ stageTimestamp: '' }), 'bad-time'],
    ['a time before 1970', lineOf({ requestReceivedTimestamp: '1969-12-31T23:59:59Z' }), 'bad-time'],
    ['a time beyond exact microseconds', lineOf({ stageTimestamp: '9999-12-31T00:00:00Z' }), 'bad-time'],
    ['a time that the calendar lacks', lineOf({ stageTimestamp: '2026-13-41T00:00:00Z' }), 'bad-time'],
  ])('sets aside %s', (_, line, reason) => {
    expect(normalise(line)).toEqual({ ok: false, reason });
  });

  it('keeps the clock of a line that has nothing in it', () => {
    const seen = parseTime('2026-11-23T18:08:40.039522Z');
    expect(normalise(lineOf({ user: { username: 'system:node:node-a' } }))).toEqual({
      ok: true,
      observations: [],
      seen,
      leaks: false,
    });
    expect(normalise(lineOf({ stage: 'RequestReceived' }))).toMatchObject({ ok: true, observations: [], seen });
  });

  it('reads times in other zones and with other precision', () => {
    const [use] = observe({ requestReceivedTimestamp: '2026-11-23T19:08:40.033757123+01:00' });
    expect(use).toMatchObject({ time: plain.time, timeText: '2026-11-23T19:08:40.033757123+01:00' });
  });

  it('reads the items of a webhook, which have no kind', () => {
    const folder = new URL('../fixtures/webhook/', import.meta.url);
    let thefts = 0;
    let uses = 0;
    for (const file of readdirSync(folder).filter((name) => /^\d+\.json$/.test(name))) {
      const [, body = ''] = readFileSync(new URL(file, folder), 'utf8').split('\n');
      for (const item of (JSON.parse(body) as { items: object[] }).items) {
        expect(item).not.toHaveProperty('kind');
        const normalised = normalise(JSON.stringify(item));
        if (!normalised.ok) throw new Error(normalised.reason);
        for (const observation of normalised.observations) {
          if (observation.kind !== 'use') continue;
          uses += 1;
          if (observation.source.address === '10.10.0.66') thefts += 1;
        }
      }
    }
    expect(uses).toBeGreaterThan(50);
    expect(thefts).toBe(3);
  });
});

describe('stages of a request', () => {
  const started = { stage: 'ResponseStarted', verb: 'watch' };
  const complete = { stage: 'ResponseComplete', verb: 'watch', stageTimestamp: '2026-11-23T18:18:40.039522Z' };

  const kept = (stages: RequestStages, ...events: object[]): number =>
    events.flatMap((event) => observe({ ...event })).filter((observation) => !stages.isRepeat(observation)).length;

  it('are one use', () => {
    expect(kept(new RequestStages(), started, complete)).toBe(1);
  });

  it('are one use whichever the log begins with', () => {
    expect(kept(new RequestStages(), complete)).toBe(1);
  });

  it('of two watches that share an Audit-ID are two uses', () => {
    const later = { requestReceivedTimestamp: '2026-11-23T18:08:41.000000Z' };
    expect(kept(new RequestStages(), started, { ...started, ...later }, complete, { ...complete, ...later })).toBe(2);
  });

  it('are remembered up to a bound; what falls out is told by its id, which is the same', () => {
    const stages = new RequestStages(2);
    const others = [1, 2].map((i) => ({ ...started, auditID: `other-${i}` }));
    expect(kept(stages, started, ...others)).toBe(3);
    const [first] = observe(started) as [RequestObservation];
    const [last] = observe(complete) as [RequestObservation];
    expect(stages.isRepeat(last)).toBe(false);
    expect(last.id).toBe(first.id);
  });

  it.each([
    [
      'logs that are not followed',
      { requestURI: '/api/v1/namespaces/shop/pods/cart/log', objectRef: { resource: 'pods', subresource: 'log' } },
    ],
    ['a profile', { requestURI: '/debug/pprof/heap', objectRef: undefined }],
  ])('of %s are one use too: the API server takes them for long-running', (_, what) => {
    const get = { verb: 'get', ...what };
    expect(kept(new RequestStages(), { ...started, ...get }, { ...complete, ...get })).toBe(1);
  });

  it('short requests and refusals come once, and are never taken for a repetition', () => {
    const refused = { stage: 'ResponseStarted', user: {}, responseStatus: { code: 401 } };
    expect(kept(new RequestStages(), {}, {}, refused, refused)).toBe(4);
  });
});

describe('what tells requests apart', () => {
  it.each([
    ['the time of receipt', { requestReceivedTimestamp: '2026-11-23T18:08:40.033758Z' }],
    ['the verb', { verb: 'delete' }],
    ['the path', { requestURI: '/api/v1/namespaces/shop/secrets' }],
    ['where it came from', { sourceIPs: ['10.10.0.66'] }],
    ['who', { user: { username: 'system:serviceaccount:shop:other' } }],
    ['the Audit-ID', { auditID: 'chosen-by-the-client' }],
  ])('%s', (_, changes) => {
    expect(observe(changes)[0]?.id).not.toBe(plain.id);
  });

  it('nothing else: the end of a request has the id of its beginning', () => {
    const end = { stage: 'Panic', stageTimestamp: '2026-11-23T19:00:00Z', responseStatus: { code: 500 } };
    expect(observe(end)[0]?.id).toBe(plain.id);
  });
});

describe('401', () => {
  const refused = { stage: 'ResponseStarted', user: {}, responseStatus: { code: 401 } };

  it('at ResponseStarted is a denied request that names nobody', () => {
    expect(observe(refused)).toEqual([
      {
        kind: 'denied',
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        time: plain.time,
        timeText: plain.timeText,
        seen: plain.seen,
        auditID: plain.auditID,
        stage: 'ResponseStarted',
        source: { address: '10.244.0.3', claimed: [], claimedTotal: 0 },
        request: {
          verb: 'list',
          resource: 'pods',
          namespace: 'shop',
          uri: '/api/v1/namespaces/shop/pods',
          code: 401,
          userAgent: 'inventory/1.4',
          longRunning: false,
        },
      },
    ]);
  });

  it('of somebody who is known is not one', () => {
    expect(observe({ ...refused, user: { username: 'kubernetes-admin' } })).toEqual([]);
  });
});

describe('what a TokenRequest and an entry are', () => {
  const tokenRequest = {
    verb: 'create',
    user: { username: 'kubernetes-admin' },
    objectRef: { resource: 'serviceaccounts', subresource: 'token', namespace: 'shop', name: 'inventory' },
  };

  it('a TokenRequest that was refused issued nothing', () => {
    const [issue] = observe({ ...tokenRequest, responseStatus: { code: 403 }, annotations: {} });
    expect(issue).toMatchObject({ kind: 'issue', request: { code: 403 } });
    expect(issue).not.toHaveProperty('issued');
  });

  it('anything else about an account is none', () => {
    expect(observe({ ...tokenRequest, verb: 'get' })).toEqual([]);
    expect(observe({ ...tokenRequest, objectRef: { resource: 'serviceaccounts', name: 'inventory' } })).toEqual([]);
  });

  it.each([
    ['exec', 'get', 1],
    ['exec', 'create', 1],
    ['attach', 'create', 1],
    ['ephemeralcontainers', 'patch', 1],
    ['ephemeralcontainers', 'update', 1],
    ['ephemeralcontainers', 'get', 0],
    ['log', 'get', 0],
    ['portforward', 'create', 0],
  ])('pods/%s by %s: %i', (subresource, verb, count) => {
    const objectRef = { resource: 'pods', subresource, namespace: 'shop', name: 'cart-1' };
    expect(observe({ verb, objectRef, user: { username: 'kubernetes-admin' } })).toHaveLength(count);
  });

  it('an exec by a ServiceAccount is a use and an entry, with ids of their own', () => {
    const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'cart-1' };
    const requestURI = '/api/v1/namespaces/shop/pods/cart-1/exec?command=sh&command=-c&command=cat+a%26b&container=app';
    const [use, entry] = observe({ verb: 'create', objectRef, requestURI });
    expect(use?.kind).toBe('use');
    expect(entry).toMatchObject({ kind: 'entry', command: ['sh', '-c', 'cat a&b'], container: 'app' });
    expect(entry?.id).not.toBe(use?.id);
  });

  it('a command is bounded in words and in their length', () => {
    const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'cart-1' };
    const requestURI = `/exec?${`command=${'x'.repeat(300)}&`.repeat(40)}`;
    const [entry] = observe({ objectRef, requestURI, user: { username: 'kubernetes-admin' } });
    expect(entry).toMatchObject({ command: Array.from({ length: 32 }, () => 'x'.repeat(256)) });
  });
});

describe('what is asked', () => {
  it.each([
    ['watch', undefined, '/api/v1/pods?watch=true', true],
    ['get', 'exec', '/x', true],
    ['get', 'proxy', '/x', true],
    ['create', 'portforward', '/x', true],
    ['get', 'log', '/x?follow=true', true],
    ['get', 'log', '/x', false],
    ['list', undefined, '/x?follow=true', false],
  ])('%s of %s at %s is long: %s', (verb, subresource, requestURI, longRunning) => {
    const objectRef = { resource: 'pods', ...(subresource && { subresource }) };
    expect(observe({ verb, requestURI, objectRef })[0]?.request).toMatchObject({ longRunning });
  });

  it('staleness is a number of seconds, whatever the annotation says', () => {
    const stale = (text: string) => observe({ annotations: { 'authentication.k8s.io/stale-token': text } })[0];
    expect(stale('subject: x, seconds after warning threshold: 17')).toMatchObject({ staleBy: 17 });
    expect(stale('subject: x, seconds after warning threshold: 1234567890123456')).toMatchObject({
      staleBy: 123456789012,
    });
    expect(stale('something else')).toMatchObject({ staleBy: 0 });
  });

  it('marks of the cleaner and of the backend', () => {
    const annotations = {
      'authentication.k8s.io/legacy-token-invalidated': 'x',
      'audit.k8s.io/truncated': 'true',
    };
    expect(observe({ annotations })[0]).toMatchObject({ invalidated: true, truncated: true });
    expect(plain).not.toHaveProperty('invalidated');
    expect(plain).not.toHaveProperty('truncated');
    expect(plain).not.toHaveProperty('staleBy');
    expect(plain).not.toHaveProperty('impersonated');
  });

  it('impersonation keeps the real user', () => {
    expect(observe({ impersonatedUser: { username: 'system:admin' } })[0]).toMatchObject({
      principal: 'system:serviceaccount:shop:inventory',
      impersonated: 'system:admin',
    });
  });
});

describe('tokens in the log', () => {
  const token = fakeToken();
  const nested = Buffer.from(token).toString('base64');
  const escaped = Array.from(token, (char) => `%${char.charCodeAt(0).toString(16)}`).join('');
  const everywhere = (text: string) => ({
    auditID: text,
    requestURI: `/api/v1/namespaces/shop/pods/x/exec?token=${text}&command=${text}&container=${text}`,
    verb: text,
    user: {
      username: `system:serviceaccount:${text}:x`,
      extra: {
        'authentication.kubernetes.io/credential-id': [text],
        'authentication.kubernetes.io/pod-name': [text],
        'authentication.kubernetes.io/pod-uid': [text],
        'authentication.kubernetes.io/node-name': [text],
        'authentication.kubernetes.io/node-uid': [text],
      },
    },
    impersonatedUser: { username: text },
    sourceIPs: [text, '10.10.0.66'],
    userAgent: `Bearer ${text}`,
    objectRef: { resource: 'pods', subresource: 'exec', namespace: text, name: text, apiGroup: text },
    annotations: { 'authentication.kubernetes.io/issued-credential-id': text },
  });
  const issue = (text: string) => ({
    ...everywhere(text),
    verb: 'create',
    objectRef: { resource: 'serviceaccounts', subresource: 'token', namespace: text, name: text },
    requestObject: {
      spec: { audiences: [text], boundObjectRef: { kind: text, name: text, uid: text }, expirationSeconds: 60 },
    },
  });
  const legacy = (text: string) => ({
    ...everywhere(text),
    user: { username: 'system:serviceaccount:shop:x' },
    annotations: { 'authentication.k8s.io/legacy-token-manual-secret': text },
  });

  it.each([
    ['plain', token, true],
    ['cut short', token.slice(0, 60), true],
    ['in base64 once more', nested, true],
    // Whoever goes to that length does so by himself: no policy writes such a thing.
    ['percent-encoded', escaped, false],
  ])('%s, are in none of the strings that leave here', (_, text, leaks) => {
    for (const changes of [everywhere(text), issue(text), legacy(text)]) {
      const normalised = normalise(lineOf(changes));
      if (!normalised.ok) throw new Error(normalised.reason);
      expect(normalised.observations.length).toBeGreaterThan(0);
      expect(normalised.leaks).toBe(leaks);
      const out = JSON.stringify(normalised.observations);
      for (const part of [token.slice(0, 24), nested.slice(0, 24), escaped.slice(0, 24)])
        expect(out).not.toContain(part);
      expect(normalised.observations.map((o) => Observation.safeParse(o).error)).toEqual(
        normalised.observations.map(() => undefined),
      );
    }
  });

  it('spelled with escapes of JSON are found too', () => {
    const spelled = Array.from(token, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const line = lineOf({ userAgent: 'HERE' }).replace('HERE', spelled);
    const normalised = normalise(line);
    expect(normalised).toMatchObject({
      ok: true,
      leaks: true,
      observations: [{ request: { userAgent: '[scrubbed]' } }],
    });
  });

  it('in a field that Truant does not read make a leak all the same', () => {
    expect(normalise(lineOf({ responseObject: { status: { token } } }))).toMatchObject({ ok: true, leaks: true });
    expect(normalise(lineOf({ responseObject: { status: { token: '' } } }))).toMatchObject({ ok: true, leaks: false });
  });
});
