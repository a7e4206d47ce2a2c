/** What people make of alerts: how that changes them, what opens a closed one again, and what is kept back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { act } from '../../shared/detection/act.ts';
import type { Correlator } from '../../shared/detection/correlator.ts';
import { Alert, type CloseReason } from '../../shared/schema/alert.ts';
import type { AlertAction, Exception } from '../../shared/schema/handling.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { formatTime } from '../../shared/time.ts';
import { fromHost } from './reads.ts';
import { newCorrelator } from './run.ts';
import { at, INTERNET, OUTSIDE, ordinary, principalOf, use } from './world.ts';

const stolen = (seconds: number, name: Parameters<typeof use>[1], more: Parameters<typeof use>[2] = {}) =>
  use(seconds, name, { from: OUTSIDE, ...more });
const doing = (seconds: number) => ({ by: 'ada', at: at(seconds) });
const close = (reason: CloseReason): AlertAction => ({ action: 'close', reason });

function started(...observations: Observation[]): { correlator: Correlator; alert: Alert } {
  const correlator = newCorrelator();
  const [alert] = correlator.process([...ordinary(-60, 0), ...observations], []).alerts;
  if (!alert) throw new Error('no alert');
  return { correlator, alert };
}

describe('an action', () => {
  const { alert: open } = started(stolen(10, 'cart-1'));
  const acknowledged = act(open, { action: 'acknowledge' }, doing(20));
  const closed = act(open, close('benign'), doing(20));
  const owned = act(open, { action: 'assign', assignee: 'grace' }, doing(20));

  it.each<[string, Alert, AlertAction, Partial<Alert>]>([
    ['acknowledges', open, { action: 'acknowledge' }, { status: 'acknowledged' }],
    ['assigns', open, { action: 'assign', assignee: 'grace' }, { status: 'open', assignee: 'grace' }],
    ['assigns to nobody', owned, { action: 'assign', assignee: null }, { status: 'open' }],
    ['only says something', owned, { action: 'comment', note: 'hm' }, { status: 'open', assignee: 'grace' }],
    [
      'closes, with or without a note',
      acknowledged,
      { action: 'close', reason: 'true-positive', note: 'The pod is deleted.' },
      {
        status: 'closed',
        resolution: { reason: 'true-positive', note: 'The pod is deleted.', by: 'ada', at: formatTime(at(30)) },
      },
    ],
    ['opens again', closed, { action: 'reopen' }, { status: 'open' }],
    [
      'keeps why it was closed',
      closed,
      { action: 'comment', note: 'again' },
      { status: 'closed', resolution: { reason: 'benign', note: '', by: 'ada', at: formatTime(at(20)) } },
    ],
  ])('%s', (_name, before, action, expected) => {
    const asBefore = JSON.stringify(before);
    const after = act(before, action, doing(30));
    const { status: _1, assignee: _2, resolution: _3, ...same } = before;
    expect(after).toEqual({ ...same, ...expected, updatedAt: formatTime(at(30)), revision: before.revision + 1 });
    expect(Alert.safeParse(after).error).toBeUndefined();
    expect(JSON.stringify(before)).toBe(asBefore);
  });

  it.each<[string, Alert, AlertAction, string]>([
    ['acknowledge what is acknowledged', acknowledged, { action: 'acknowledge' }, 'acknowledged already'],
    ['acknowledge what is closed', closed, { action: 'acknowledge' }, 'is closed'],
    ['close what is closed', closed, close('false-positive'), 'closed already'],
    ['reopen what is not closed', open, { action: 'reopen' }, 'not closed'],
    ['reopen what is acknowledged', acknowledged, { action: 'reopen' }, 'not closed'],
  ])('can not %s', (_name, before, action, why) => {
    expect(() => act(before, action, doing(30))).toThrow(
      expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining(why) }),
    );
  });
});

describe('what is found later', () => {
  it('joins an alert as people left it', () => {
    const { correlator, alert } = started(stolen(10, 'cart-1'));
    const mine = act(
      act(alert, { action: 'acknowledge' }, doing(20)),
      { action: 'assign', assignee: 'ada' },
      doing(21),
    );
    correlator.adopt(mine);
    expect(correlator.process([stolen(30, 'cart-1')], []).alerts).toMatchObject([
      { id: alert.id, status: 'acknowledged', assignee: 'ada', revision: 4, counts: { observations: 2 } },
    ]);
  });

  it('joins an alert that had been let go of and is looked after again', () => {
    const { alert } = started(stolen(10, 'cart-1'));
    const correlator = newCorrelator();
    correlator.process(ordinary(-60, 0), []);
    correlator.adopt(act(alert, { action: 'acknowledge' }, doing(20)));
    expect(correlator.process([stolen(30, 'cart-1')], []).alerts).toMatchObject([{ id: alert.id, revision: 3 }]);
  });

  /** The theft's alert, closed, in a correlator that has gone on running, and in one that was made anew. */
  function closed(reason: CloseReason, ...before: Observation[]) {
    const { correlator, alert } = started(...before);
    const shut = act(alert, close(reason), doing(60));
    correlator.adopt(shut);
    const anew = newCorrelator();
    anew.restore([...ordinary(-60, 0), ...before], [JSON.parse(JSON.stringify(shut)) as Alert]);
    return { correlators: [correlator, anew], shut };
  }

  const next = (name: string) => ({ credential: { id: `JTI=${name}`, kind: 'projected' as const } });
  const quiet: [string, CloseReason, Observation[], Observation][] = [
    ['the same again', 'false-positive', [stolen(10, 'cart-1')], stolen(70, 'cart-1')],
    ['what was allowed, again', 'benign', [stolen(10, 'cart-1')], stolen(70, 'cart-1')],
    ['the next token', 'benign', [stolen(10, 'cart-1')], stolen(70, 'cart-1', next('next'))],
    [
      'from an address that was known, and less severe',
      'benign',
      [stolen(10, 'cart-1', { from: '10.244.0.4' }), stolen(11, 'cart-1')],
      stolen(70, 'cart-1', { from: '10.244.0.4' }),
    ],
    ['of a theft that ended, what had happened before', 'true-positive', [stolen(10, 'cart-1')], stolen(50, 'cart-1')],
    ['within a week', 'benign', [stolen(10, 'cart-1')], stolen(6 * 86_400, 'cart-1')],
  ];
  it.each(quiet)('joins a closed alert without a word: %s', (_name, reason, before, then) => {
    const { correlators, shut } = closed(reason, ...before);
    for (const correlator of correlators) {
      const outcome = correlator.process([then], []);
      expect(outcome.reopened).toBeUndefined();
      expect(outcome.alerts).toMatchObject([
        {
          id: shut.id,
          status: 'closed',
          resolution: shut.resolution,
          revision: shut.revision + 1,
          counts: { observations: shut.counts.observations + 1 },
        },
      ]);
    }
  });

  const loud: [string, CloseReason, Observation[], Observation, string][] = [
    [
      'from another address',
      'false-positive',
      [stolen(10, 'cart-1')],
      stolen(70, 'cart-1', { from: '10.10.0.67' }),
      'Since it was closed the theft has gone on from another address, 10.10.0.67.',
    ],
    [
      'by another rule',
      'benign',
      [stolen(10, 'cart-1')],
      stolen(70, 'cart-1', { use: { impersonated: 'root' } }),
      'Since it was closed the rule impersonation-by-serviceaccount has found something, too.',
    ],
    [
      'more severe',
      'benign',
      [stolen(10, 'cart-1', { from: '10.244.0.4' }), stolen(11, 'cart-1', { from: '10.244.0.5' })],
      stolen(70, 'cart-1', { from: INTERNET }),
      'It has become more severe since it was closed: critical, not high.',
    ],
    [
      'of a theft that had ended',
      'true-positive',
      [stolen(10, 'cart-1')],
      stolen(70, 'cart-1'),
      'It was closed as a theft that has ended, and it goes on.',
    ],
  ];
  it.each(loud)('opens a closed alert again, and says why: %s', (_name, reason, before, then, because) => {
    const { correlators, shut } = closed(reason, ...before);
    for (const correlator of correlators) {
      const { alerts, reopened } = correlator.process([then], []);
      expect(reopened).toEqual([{ alert: shut.id, because }]);
      expect(alerts).toMatchObject([{ id: shut.id, status: 'open', revision: shut.revision + 1 }]);
      expect(alerts[0]).not.toHaveProperty('resolution');
      // Told once.
      expect(correlator.process([stolen(90, 'cart-1')], []).reopened).toBeUndefined();
    }
  });

  it('opens an alert of its own a week after the closing', () => {
    const { correlators, shut } = closed('benign', stolen(10, 'cart-1'));
    for (const correlator of correlators) {
      const [alert, ...others] = correlator.process([stolen(8 * 86_400, 'cart-1')], []).alerts;
      expect(others).toEqual([]);
      expect(alert).toMatchObject({ status: 'open', revision: 1 });
      expect(alert?.id).not.toBe(shut.id);
    }
  });

  it('joins the alert that is open rather than one that is closed, if nothing strong says otherwise', () => {
    const { correlators, shut } = closed('benign', stolen(10, 'cart-1'));
    for (const correlator of correlators) {
      const [other] = correlator.process([stolen(70, 'pay')], []).alerts;
      expect(other?.id).not.toBe(shut.id);
      expect(correlator.process([stolen(71, 'pay')], []).alerts).toMatchObject([{ id: other?.id, status: 'open' }]);
    }
  });
});

describe('an exception', () => {
  /** Without the rule that would find the same use, too. */
  const withoutOthers = () =>
    newCorrelator({ rule: (id) => (id === 'token-used-in-two-places' ? { enabled: false } : undefined) });
  const exception = (parts: Partial<Exception> = {}): Exception => ({
    id: 'ex_1',
    rule: 'token-used-away-from-pod',
    principal: principalOf('cart-1'),
    source: null,
    cluster: null,
    reason: 'It is our own scanner.',
    alert: null,
    createdBy: 'ada',
    createdAt: at(0),
    expiresAt: null,
    revokedBy: null,
    revokedAt: null,
    suppressed: 0,
    lastSuppressed: null,
    ...parts,
  });
  const away = (seconds: number, more: Parameters<typeof use>[2] = {}) => stolen(seconds, 'cart-1', more);
  const outcomeOf = (exceptions: Exception[], ...observations: Observation[]) => {
    const correlator = withoutOthers();
    correlator.process(ordinary(-60, 0), []);
    correlator.except(exceptions);
    return correlator.process(observations, []);
  };

  it.each<[string, Partial<Exception>]>([
    ['whatever the source', {}],
    ['of the address', { source: OUTSIDE }],
    ['of the address in another spelling', { source: `::ffff:${OUTSIDE}` }],
    ['of its network', { source: '10.10.0.0/24' }],
    ['of the cluster', { cluster: 'test' }],
    ['that is about to end', { expiresAt: at(10) + 1 }],
  ])('%s keeps a finding back, and is counted', (_name, parts) => {
    const { alerts, suppressed, placements } = outcomeOf([exception(parts)], away(10), away(9));
    expect(alerts).toEqual([]);
    expect(suppressed).toEqual(new Map([['ex_1', { count: 2, last: at(10) }]]));
    expect([...placements.values()].map(({ verdict }) => verdict)).toEqual(['away', 'away']);
  });

  it.each<[string, Partial<Exception>]>([
    ['of another rule', { rule: 'token-recon' }],
    ['of another account', { principal: principalOf('pay') }],
    ['of another address', { source: INTERNET }],
    ['of another network', { source: '10.10.1.0/24' }],
    ['of another family', { source: '::/0' }],
    ['of another cluster', { cluster: 'prod' }],
    ['that has ended', { expiresAt: at(10) }],
    ['that was revoked', { revokedAt: at(5), revokedBy: 'grace' }],
  ])('%s does not', (_name, parts) => {
    const { alerts, suppressed } = outcomeOf([exception(parts)], away(10));
    expect(alerts).toHaveLength(1);
    expect(suppressed).toBeUndefined();
  });

  it('keeps back what it is about, and nothing else of the same use', () => {
    const { alerts } = outcomeOf([exception()], away(10, { use: { impersonated: 'root' } }));
    expect(alerts.map(({ rules }) => rules)).toEqual([['impersonation-by-serviceaccount']]);
  });

  it('is told of once, and replaced by what comes next', () => {
    const correlator = withoutOthers();
    correlator.process(ordinary(-60, 0), []);
    correlator.except([exception()]);
    expect(correlator.process([away(10)], []).suppressed?.size).toBe(1);
    expect(correlator.advance(at(11)).suppressed).toBeUndefined();
    correlator.except([]);
    expect(correlator.process([away(20)], []).alerts).toHaveLength(1);
  });

  it('of a read leaves no suspicion of whoever uses the token then', () => {
    const observations = [fromHost(10, 'cart-1'), away(20)];
    const rulesOf = (exceptions: Exception[]) =>
      outcomeOf(exceptions, ...observations).alerts.flatMap(({ rules }) => rules);
    expect(rulesOf([])).toContain('token-stolen-and-used');
    expect(rulesOf([exception({ rule: 'token-read-from-host' })])).toEqual(['token-used-away-from-pod']);
  });

  it('is found among thousands', () => {
    const many = Array.from({ length: 5000 }, (_, n) =>
      exception({ id: `ex_${n}`, source: `10.9.${n >> 8}.${n & 255}` }),
    );
    const { suppressed } = outcomeOf([...many, exception({ id: 'ex_own', source: OUTSIDE })], away(10));
    expect([...(suppressed?.keys() ?? [])]).toEqual(['ex_own']);
  });
});

it('no revision is ever lower than one before, whatever is done and found', () => {
  const step = fc.oneof(
    fc.constantFrom<AlertAction>(
      { action: 'acknowledge' },
      { action: 'assign', assignee: 'ada' },
      { action: 'comment', note: 'n' },
      close('true-positive'),
      close('benign'),
      { action: 'reopen' },
    ),
    fc.constantFrom('same', 'elsewhere', 'restart'),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const observations: Observation[] = [...ordinary(-60, 0), stolen(1, 'cart-1')];
      let { correlator, alert } = started(stolen(1, 'cart-1'));
      for (const [index, one] of steps.entries()) {
        const seconds = 10 + index;
        let after: Alert | undefined;
        if (one === 'restart') {
          correlator = newCorrelator();
          correlator.restore(observations, [alert]);
        } else if (typeof one === 'string') {
          const from = one === 'same' ? OUTSIDE : `10.10.0.${70 + index}`;
          const observation = stolen(seconds, 'cart-1', { from });
          observations.push(observation);
          after = correlator.process([observation], []).alerts[0];
          expect(after).toBeDefined();
        } else {
          try {
            after = act(alert, one, doing(seconds));
            correlator.adopt(after);
          } catch (error) {
            expect(error).toMatchObject({ code: 'CONFLICT' });
          }
        }
        if (!after) continue;
        expect([after.id, after.revision]).toEqual([alert.id, alert.revision + 1]);
        expect(after.status === 'closed').toBe(after.resolution !== undefined);
        alert = after;
      }
    }),
    { numRuns: 100 },
  );
});
