import { describe, expect, it } from 'vitest';
import { tell } from '../../shared/detection/story.ts';
import type { Evidence } from '../../shared/schema/alert.ts';
import { formatTime } from '../../shared/time.ts';
import { run } from './run.ts';
import { at, denied, entry, INTERNET, issue, mint, OUTSIDE, ordinary, use } from './world.ts';

const evidence = (seconds: number, more: Partial<Evidence> = {}): Evidence => ({
  kind: 'use',
  id: String(seconds),
  time: formatTime(at(seconds)),
  principal: 'system:serviceaccount:shop:cart',
  credential: 'JTI=cart-1',
  source: OUTSIDE,
  what: 'list pods in shop: 200',
  userAgent: 'curl/8',
  placement: 'away: outside-cluster',
  rules: [],
  ...more,
});
const sentences = (...items: Evidence[]): string[] =>
  tell({ beginning: undefined, evidence: items }).map(({ sentence }) => sentence);

const CURL = 'The token of shop/cart was used from 10.10.0.66, outside the cluster, with curl/8';

describe('a story', () => {
  it('tells what one client does in one go in one sentence, each deed once', () => {
    expect(sentences(evidence(1), evidence(2), evidence(30, { what: 'get secret x in shop: 403' }))).toEqual([
      `${CURL}: 3 requests: list pods in shop: 200 (2 times); get secret x in shop: 403.`,
    ]);
    expect(sentences(evidence(1))).toEqual([`${CURL}: list pods in shop: 200.`]);
    expect(sentences(evidence(1), evidence(2))).toEqual([`${CURL}: list pods in shop: 200 (2 times).`]);
  });

  it('tells where in a sentence that names no client', () => {
    const { userAgent: _, ...unnamed } = evidence(1);
    expect(sentences(unnamed)).toEqual([
      'The token of shop/cart was used from 10.10.0.66, outside the cluster: list pods in shop: 200.',
    ]);
  });

  it.each([
    ['another address', { source: INTERNET }],
    ['another client', { userAgent: 'kubectl' }],
    ['another credential', { credential: 'JTI=other' }],
    ['another verdict', { placement: 'home' }],
    ['another kind', { kind: 'denied' as const }],
  ])('begins a new sentence for %s', (_, more) => {
    expect(sentences(evidence(1), evidence(2, more))).toHaveLength(2);
  });

  it('tells what one session reads in one go in one sentence, each account once', () => {
    const read = (seconds: number, account: string, actor = 'node-a 70@70'): Evidence => {
      const reader = 'cat (pid 7), a process of node node-a';
      const { id, time } = evidence(seconds);
      const principal = `system:serviceaccount:shop:${account}`;
      return {
        kind: 'read',
        id,
        time,
        principal,
        reader,
        actor,
        what: `${reader}, read the token of ${account}`,
        rules: [],
      };
    };
    expect(sentences(read(1, 'cart'))).toEqual(['cat (pid 7), a process of node node-a, read the token of cart.']);
    expect(sentences(read(1, 'cart'), read(2, 'pay'), read(3, 'cart'))).toEqual([
      'cat (pid 7), a process of node node-a, and its like of one session, opened token files 3 times: of shop/cart (2 times), shop/pay.',
    ]);
    const refused = (seconds: number): Evidence => ({ ...read(seconds, 'cart'), denied: true });
    expect(sentences(refused(1), read(2, 'cart'))[0]).toMatch(
      /opened token files 2 times, 1 of them denied: of shop\/cart/,
    );
    expect(sentences(refused(1), refused(2))[0]).toMatch(/opened token files 2 times, all denied: of shop\/cart/);
    expect(sentences(read(1, 'cart'), read(2, 'pay', 'node-a 80@80'))).toHaveLength(2);
    expect(sentences(read(1, 'cart'), read(62, 'pay'))).toHaveLength(2);
    expect(sentences(...Array.from({ length: 15 }, (_, n) => read(n, `a${n}`)))[0]).toMatch(/shop\/a11 and 3 more\.$/);
  });

  it('says when a stolen token was used at home, where nothing shows that it is', () => {
    expect(sentences(evidence(1, { source: '10.244.0.3', placement: 'home' }))).toEqual([
      'The token of shop/cart was used from 10.244.0.3, at home, with curl/8: list pods in shop: 200.',
    ]);
  });

  it('begins a new sentence after a pause', () => {
    expect(sentences(evidence(1), evidence(61), evidence(122))).toHaveLength(2);
  });

  it('is in order of time, whatever order it was found in', () => {
    const told = tell({ beginning: undefined, evidence: [evidence(300), evidence(100), evidence(200)] });
    expect(told.map(({ time, observation }) => [time, observation])).toEqual([
      [at(100), '100'],
      [at(200), '200'],
      [at(300), '300'],
    ]);
  });

  it('names at most six kinds of deed, and cuts a long client short', () => {
    const many = Array.from({ length: 9 }, (_, i) =>
      evidence(i, { what: `get thing-${i}`, userAgent: 'x'.repeat(60) }),
    );
    expect(sentences(...many)).toEqual([
      `The token of shop/cart was used from 10.10.0.66, outside the cluster, with ${'x'.repeat(39)}…: 9 requests: get thing-0; get thing-1; get thing-2; get thing-3; get thing-4; get thing-5; and 3 more kinds of request.`,
    ]);
  });

  it('has sixty lines at most: the beginning and the end', () => {
    const long = Array.from({ length: 200 }, (_, i) => evidence(i * 100));
    const told = tell({ beginning: { time: at(-10), sentence: 'It began.' }, evidence: long });
    expect(told).toHaveLength(60);
    expect(told[0]?.sentence).toBe('It began.');
    expect(told[30]?.sentence).toBe('(142 more steps are in the evidence.)');
    expect(told.at(-1)?.observation).toBe('19900');
    expect(told.map(({ time }) => time)).toEqual(told.map(({ time }) => time).toSorted((a, b) => a - b));
  });

  it('of nothing is empty', () => {
    expect(sentences()).toEqual([]);
  });
});

it('of a whole theft reads from its beginning to its end', () => {
  const { alerts } = run([
    ...ordinary(-60, 0),
    issue(-30, 'system:node:node-a', 'cart', 'JTI=cart-1', { from: '10.10.0.11' }),
    entry(10, 'kubernetes-admin', ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token']),
    use(20, 'cart-1', { from: OUTSIDE, request: { userAgent: 'curl/8' } }),
    denied(22, OUTSIDE, { request: { userAgent: 'curl/8' } }),
    ...mint(24, 'cart-1', 'ci', 'JTI=unbound', { from: OUTSIDE, request: { userAgent: 'curl/8' } }),
  ]);
  expect(alerts.map(({ story }) => story.map(({ sentence }) => sentence))).toEqual([
    [
      'JTI=cart-1 was issued for shop/cart to system:node:node-a at 10.10.0.11.',
      'kubernetes-admin ran in shop/cart-1: cat /var/run/secrets/kubernetes.io/serviceaccount/token, from 10.10.0.1.',
      'The token of shop/cart was used from 10.10.0.66, outside the cluster, with curl/8: list pods in shop: 200.',
      'A credential was refused from 10.10.0.66 with curl/8: list pods in shop: 401.',
      'The token of shop/cart was used from 10.10.0.66, outside the cluster, with curl/8: create serviceaccounts/token ci in shop: 201.',
      'system:serviceaccount:shop:cart asked for a token of system:serviceaccount:shop:ci and got JTI=unbound from 10.10.0.66 with curl/8.',
    ],
  ]);
});
