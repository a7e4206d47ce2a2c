import { describe, expect, test } from 'vitest';
import { dueOf, toldBy } from '../../collector/dispatch/events.ts';
import { isFor, isWanted } from '../../collector/dispatch/filter.ts';
import type { Told } from '../../collector/store/outputs.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { alert, CLUSTER, START } from '../collector/support/make.ts';

const told = (revision: number, parts: Partial<Told> = {}): Told => ({
  cluster: CLUSTER,
  id: 'a1',
  revision,
  status: 'open',
  severity: 'medium',
  how: 'notice',
  at: START,
  ...parts,
});
const closed = { status: 'closed' } as const;
const summary = { how: 'summary' } as const;

describe('what an output has still to be told of an alert', () => {
  test.each<[string, Partial<Alert>, Told | undefined, string[]]>([
    ['that is new', {}, undefined, ['create']],
    ['that is new and acknowledged', { status: 'acknowledged' }, undefined, ['create']],
    ['that was closed before it could be told of', closed, undefined, ['create', 'close']],
    ['that is as it was told', { revision: 2 }, told(2), []],
    ['that it knows in a newer state', { revision: 2 }, told(3), []],
    ['that it knows closed in a newer state', { revision: 2 }, told(3, closed), []],
    ['of which more is known', { revision: 3 }, told(2), ['update?']],
    ['that is acknowledged now', { revision: 3, status: 'acknowledged' }, told(2), ['update?']],
    ['that is worse now', { revision: 3, severity: 'high' }, told(2), ['update']],
    ['that is less bad now', { revision: 3, severity: 'low' }, told(2), ['update?']],
    ['that is closed now', { revision: 3, ...closed }, told(2), ['close']],
    ['of whose closing it was told', { revision: 3, ...closed }, told(3, closed), []],
    ['whose closing has a new note', { revision: 4, ...closed }, told(3, closed), ['update?']],
    ['that is open again', { revision: 4 }, told(3, closed), ['update!']],
    ['that was only counted, as it is', { revision: 2 }, told(2, summary), []],
    ['that was only counted, closed as it is', { revision: 2, ...closed }, told(2, { ...summary, ...closed }), []],
    ['that was only counted, and has changed', { revision: 3 }, told(2, summary), ['create']],
    ['that was only counted, and is closed', { revision: 3, ...closed }, told(2, summary), ['create', 'close']],
  ])('%s', (_name, parts, before, expected) => {
    const due = dueOf(alert('a1', { severity: 'medium', ...parts }), before);
    // `?`: it can wait; `!`: it was opened again.
    expect(
      due.map(({ event, canWait, isReopened }) => `${event}${canWait ? '?' : ''}${isReopened ? '!' : ''}`),
    ).toEqual(expected);
  });

  test.each<[Partial<Alert>]>([[{}], [{ status: 'acknowledged' }], [closed]])(
    'is nothing once it was told of that, one after the other: %j',
    (parts) => {
      const one = alert('a1', { revision: 4, ...parts });
      for (const before of [undefined, told(3), told(3, closed), told(3, summary)]) {
        let known = before;
        const events = dueOf(one, before).map(({ event }) => event);
        for (const event of events) {
          expect(dueOf(one, known)[0]?.event).toBe(event);
          known = toldBy(event, one, START);
        }
        expect(dueOf(one, known)).toEqual([]);
      }
    },
  );
});

describe('what is for an output', () => {
  const everything = { minSeverity: 'info', rules: [], clusters: [], namespaces: [] } as const;
  const bound = (namespace: string) => ({ binding: { pod: { namespace, name: 'x', uid: 'u' } } });

  test.each<[string, object, Partial<Alert>, boolean]>([
    ['everything', {}, { severity: 'info' }, true],
    ['what is severe enough', { minSeverity: 'high' }, { severity: 'high' }, true],
    ['not what is less severe', { minSeverity: 'high' }, { severity: 'medium' }, false],
    ['what one of the rules found', { rules: ['b', 'c'] }, { rules: ['a', 'b'] }, true],
    ['not what other rules found', { rules: ['c'] }, { rules: ['a', 'b'] }, false],
    ['the cluster', { clusters: [CLUSTER] }, {}, true],
    ['not another cluster', { clusters: ['other'] }, {}, false],
    ['the namespace of the pod', { namespaces: ['web'] }, bound('web'), true],
    ['the namespace of the account', { namespaces: ['shop'] }, { binding: {} }, true],
    ['not other namespaces', { namespaces: ['web'] }, {}, false],
    ['not accounts that are none', { namespaces: ['shop'] }, { binding: {}, principal: 'shop' }, false],
    ['not what meets one condition of two', { namespaces: ['shop'], rules: ['c'] }, {}, false],
  ])('%s', (_name, filter, parts, expected) => {
    const one = alert('a1', parts);
    expect(isFor({ ...everything, ...filter } as never, one, undefined)).toBe(expected);
    expect(isFor({ ...everything, ...filter } as never, one, told(1, summary))).toBe(true);
    expect(isFor({ ...everything, ...filter } as never, one, told(1))).toBe(true);
  });

  test('of events those that it asks for; what was opened again is like new', () => {
    const wanted = (on: ('create' | 'update' | 'close')[]) =>
      [
        { event: 'create', canWait: false } as const,
        { event: 'update', canWait: true } as const,
        { event: 'update', canWait: false, isReopened: true } as const,
        { event: 'close', canWait: false } as const,
      ].map((due) => isWanted(on, due));
    expect(wanted(['create'])).toEqual([true, false, true, false]);
    expect(wanted(['update'])).toEqual([false, true, true, false]);
    expect(wanted(['close'])).toEqual([false, false, false, true]);
  });
});
