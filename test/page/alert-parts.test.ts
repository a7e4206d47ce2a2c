import { expect, test } from 'vitest';
import { deedOf } from '../../collector/web/page/views/alert/activity-words.ts';
import { exceptionChoices } from '../../collector/web/page/views/alert/exception-choices.ts';
import { byRule } from '../../collector/web/page/views/alert/findings-by-rule.ts';
import { newsBetween } from '../../collector/web/page/views/alert/news.ts';
import { stepsOf } from '../../collector/web/page/views/alert/story-steps.ts';
import { takersOf } from '../../collector/web/page/views/alert/takers.ts';
import { deedKeyOf, touchedOf } from '../../collector/web/page/views/alert/touched.ts';
import { HOUR, SECOND } from '../../shared/time.ts';
import { evidence, finding, read, theft, use } from './support/theft.ts';

test.each([
  ['list pods in shop: 200', 'deed shop/pods'],
  ['list pods: 403', 'deed /pods'],
  ['get secrets stripe-key in payments: 200', 'deed payments/secrets'],
  ['create pods/exec cart-0 in shop', 'deed shop/pods/exec'],
  ['get nodes node-a: 200', 'deed /nodes'],
  ['get /api/v1: 200', 'discovery'],
  ['create selfsubjectrulesreviews: 201', 'self'],
  ['<img>', 'deed /'],
])('%s is about %s', (what, key) => {
  expect(deedKeyOf(what)).toBe(key);
});

test('what gets a thief further comes first, what was refused and what only looks around last', () => {
  const actions = [
    { action: 'get /api', namespace: '', count: 9, refused: 0 },
    { action: 'list pods', namespace: 'shop', count: 5, refused: 0 },
    { action: 'delete pods', namespace: 'shop', count: 1, refused: 1 },
    { action: 'list nodes', namespace: '', count: 2, refused: 2 },
    { action: 'get secrets', namespace: 'shop', count: 1, refused: 0 },
    { action: 'list secrets', namespace: 'shop', count: 2, refused: 1 },
  ];
  expect(touchedOf({ actions }).map(({ title, detail, isRefused }) => [title, detail, isRefused])).toEqual([
    ['secrets in shop', 'list 2, get 1: 1 refused', false],
    ['pods in shop', 'list 5, delete 1: 1 refused', false],
    ['nodes', 'list 2: refused', true],
    ['What the API offers', 'get 9', false],
  ]);
});

test('one session is one taker; who was denied comes last', () => {
  const takers = takersOf([
    read({ actor: 'b', denied: true }),
    read({ actor: 'a', credential: 'JTI=1' }),
    read({ actor: 'a', credential: 'JTI=2' }),
    use(),
    evidence({ kind: 'issue', what: 'jo asked for a token of x and was refused (403)' }),
  ]);
  expect(takers.map(({ who, how, count, credentials }) => [who, how, count, credentials.size])).toEqual([
    ['cat (pid 4711)', 'read it, a process of node node-a', 2, 2],
    ['jo', 'asked for one, refused', 1, 0],
    ['cat (pid 4711)', 'was denied it, a process of node node-a', 1, 1],
  ]);
});

test('the steps of the story say of what kind they are, and how long after the one before', () => {
  const first = read({ id: 'r' });
  const then = use({ id: 'u' });
  const steps = stepsOf({
    evidence: [first, then],
    story: [
      { time: HOUR, sentence: 'issued' },
      { time: HOUR + 100, sentence: 'read', observation: 'r' },
      { time: HOUR + 90 * SECOND, sentence: 'used', observation: 'u' },
      { time: HOUR + 90 * SECOND, sentence: 'elsewhere', observation: 'not kept' },
    ],
  });
  expect(steps.map(({ kind, evidence: id, later, isNewDay }) => [kind, id, later, isNewDay])).toEqual([
    ['told', undefined, null, true],
    ['read', 'r', null, false],
    ['away', 'u', '1 min', false],
    ['told', undefined, null, false],
  ]);
});

test('exceptions can be made of what findings have together, each once', () => {
  const findings = [
    finding(),
    finding({ id: 'g' }),
    finding({ source: null }),
    finding({ rule: 'token-recon', title: 'Recon' }),
  ];
  expect(exceptionChoices({ findings }).map(({ rule, source, count }) => [rule, source, count])).toEqual([
    ['token-used-away-from-pod', '203.0.113.66', 2],
    ['token-used-away-from-pod', null, 1],
    ['token-recon', '203.0.113.66', 1],
  ]);
});

test('findings are told by their rule, the worst rule first, with its worst severity', () => {
  const groups = byRule([
    finding({ rule: 'a', severity: 'low', time: 2 }),
    finding({ rule: 'b', severity: 'high', time: 1 }),
    finding({ rule: 'a', severity: 'critical', time: 3 }),
  ]);
  expect(groups.map(({ rule, severity, findings }) => [rule, severity, findings.length])).toEqual([
    ['a', 'critical', 2],
    ['b', 'high', 1],
  ]);
});

test.each([
  ['more uses', { sources: [{ address: 'a', where: 'internet', count: 5 }] }, /2 more uses away from home/],
  ['another source', { sources: [...theft().sources, { address: 'b', where: 'host', count: 1 }] }, /1 more use away/],
  ['more findings', { counts: { findings: 2, observations: 0 } }, /2 more findings/],
  ['an acknowledgement', { status: 'acknowledged', revision: 2 } as const, null],
])('of %s the reader is told that the theft went on, or not', (_name, changes, told) => {
  const news = newsBetween(theft(), theft(changes));
  if (told === null) expect(news).toBeNull();
  else expect(news).toMatch(told);
});

test.each([
  [{ action: 'assign', by: 'jo', assignee: 'jo' }, 'looks after it'],
  [{ action: 'assign', by: 'jo', assignee: 'ana' }, 'assigned it to ana'],
  [{ action: 'assign', by: 'jo', assignee: null }, 'took it from whoever looked after it'],
  [{ action: 'close', by: 'jo', assignee: null, reason: 'benign' }, 'closed it as benign'],
  [{ action: 'reopen', by: 'truant', assignee: null }, 'reopened it'],
] as const)('%o: %s', (record, words) => {
  expect(deedOf({ reason: null, ...record })).toBe(words);
});
