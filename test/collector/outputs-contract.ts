/** What every implementation of Store must do about outputs: how far each is, what it was told, what it could not be told. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeadLetter, OutputProgress, Told } from '../../collector/store/outputs.ts';
import type { Cursor, Store } from '../../collector/store/store.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { DAY, formatTime, SECOND } from '../../shared/time.ts';
import type { Opened } from './store-contract.ts';
import { alert, CLUSTER, outcome, START } from './support/make.ts';

const HOSTILE = `o'); DROP TABLE alerts; -- "\n\u2028 ☃`;

const told = (id: string, parts: Partial<Told> = {}): Told => ({
  cluster: CLUSTER,
  id,
  revision: 1,
  status: 'open',
  severity: 'high',
  how: 'notice',
  at: START,
  ...parts,
});

const dead = (name: string, parts: Partial<DeadLetter> = {}): DeadLetter => ({
  id: `dl_${name}`,
  output: 'siem',
  cluster: CLUSTER,
  alert: name,
  revision: 2,
  event: 'create',
  title: HOSTILE,
  severity: 'low',
  reason: 'rejected',
  detail: HOSTILE,
  remedy: null,
  attempts: 3,
  since: START,
  at: START + SECOND,
  ...parts,
});

export function outputsContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name} as a store of what outputs were told`, () => {
    let opened: Opened;
    let store: Store;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });

    afterEach(() => opened.dispose());

    const save = (change: number, more: Partial<Omit<OutputProgress, 'cursor'>> = {}, output = 'siem') =>
      store.saveOutput({ cursor: { output, change, failingSince: null }, told: [], dead: [], ...more });
    const put = (...alerts: Alert[]) => store.commit({ cluster: CLUSTER, at: START, outcome: outcome([], alerts) });
    const letters = async (filter = {}) =>
      (await store.deadLetters(filter, { limit: 1000 })).items.map(({ id }) => id).toSorted();
    const keys = (...ids: string[]) => ids.map((id) => ({ cluster: CLUSTER, id }));

    test('knows where each output stands, over a restart', async () => {
      expect(await store.outputCursors()).toEqual([]);
      await save(3);
      await save(2, {}, HOSTILE);
      await store.saveOutput({
        cursor: { output: 'siem', change: Number.MAX_SAFE_INTEGER, failingSince: START },
        told: [],
        dead: [],
      });
      store = await opened.reopen();
      expect(await store.outputCursors()).toEqual([
        { output: HOSTILE, change: 2, failingSince: null },
        { output: 'siem', change: Number.MAX_SAFE_INTEGER, failingSince: START },
      ]);
      await save(4);
      expect((await store.outputCursors())[1]).toEqual({ output: 'siem', change: 4, failingSince: null });
    });

    test('has what comes in wait for one of them at most', async () => {
      const order: string[] = [];
      const outputs = ['a', 'b', 'c'].map((output) => save(1, {}, output).then(() => order.push(output)));
      await Promise.all([...outputs, put(alert('a1')).then(() => order.push('alert'))]);
      expect(order).toEqual(['a', 'alert', 'b', 'c']);
    });

    test('knows what each was told last of an alert, over a restart', async () => {
      const other = told('a1', { cluster: 'other', status: 'acknowledged', how: 'summary', revision: 7 });
      await save(1, { told: [told('a1'), other, told(HOSTILE)] });
      await save(2, {
        told: [told('a1', { revision: 2 }), told('a1', { revision: 2, status: 'closed', at: START + 1 })],
      });
      await save(2, { told: [told('a2')] }, 'else');
      store = await opened.reopen();
      const asked = [...keys('a1', 'a2', HOSTILE), { cluster: 'other', id: 'a1' }];
      const found = (await store.toldOf('siem', asked)).toSorted((a, b) => b.revision - a.revision);
      expect(found).toEqual([other, told('a1', { revision: 2, status: 'closed', at: START + 1 }), told(HOSTILE)]);
      expect(await store.toldOf('else', asked)).toEqual([told('a2')]);
      expect(await store.toldOf('siem', [])).toEqual([]);
      expect(await store.toldOf('nobody', asked)).toEqual([]);
    });

    test('tells of alerts that are open and were told of, what changed last first', async () => {
      await put(alert('a1'), alert('a2'), alert('a3', { status: 'closed' }), alert('a4'), alert('a5'), alert('a6'));
      await put(alert('a1', { revision: 2, status: 'acknowledged' }));
      await save(1, {
        told: [told('a1'), told('a2'), told('a3'), told('a4', { how: 'summary' }), told('a5', { cluster: 'other' })],
      });
      await save(1, { told: [told('a6')] }, 'else');
      expect(await store.openTold('siem', 10)).toEqual(keys('a1', 'a2'));
      expect((await store.openTold('siem', 1)).map(({ id }) => id)).toEqual(['a1']);
      expect(await store.openTold('nobody', 1)).toEqual([]);
    });

    test('keeps dead letters, one an output and alert, and lists them newest first, page by page', async () => {
      await save(1, { dead: [dead('a1'), dead('a2', { at: START + 5, remedy: HOSTILE }), dead('a3')] });
      await save(1, { dead: [dead('b1', { output: 'else' })] }, 'else');
      await save(1, { dead: [dead('a1', { at: START + 9 * SECOND, revision: 8 })] });
      store = await opened.reopen();
      const found: DeadLetter[] = [];
      for (let after: Cursor | null | undefined; after !== null; ) {
        const page = await store.deadLetters({ output: 'siem' }, { limit: 1, after });
        found.push(...page.items);
        after = page.next;
      }
      expect(found).toEqual([
        dead('a1', { at: START + 9 * SECOND, revision: 8 }),
        dead('a3'),
        dead('a2', { at: START + 5, remedy: HOSTILE }),
      ]);
      expect(await letters()).toEqual(['dl_a1', 'dl_a2', 'dl_a3', 'dl_b1']);
      expect(await letters({ ids: ['dl_a3', 'dl_b1', 'dl_c1'] })).toEqual(['dl_a3', 'dl_b1']);
      expect(await letters({ output: 'siem', ids: ['dl_b1'] })).toEqual([]);
      expect(await letters({ ids: [] })).toEqual([]);
      expect(await store.deadLetterCounts()).toEqual(
        new Map([
          ['else', 1],
          ['siem', 3],
        ]),
      );
    });

    test('lets go of dead letters, those or all of an output', async () => {
      await save(1, { dead: [dead('a1'), dead('a2'), dead('a3')] });
      await save(1, { dead: [dead('b1', { output: 'else' })] }, 'else');
      expect(await store.discardDeadLetters({ output: 'siem', ids: ['dl_a1', 'dl_b1'] })).toBe(1);
      expect(await letters()).toEqual(['dl_a2', 'dl_a3', 'dl_b1']);
      expect(await store.discardDeadLetters({ output: 'siem' })).toBe(2);
      expect(await letters()).toEqual(['dl_b1']);
    });

    test.each<[string, Partial<Told>, string[]]>([
      ['its state', { revision: 2 }, ['dl_b1']],
      ['a newer one', { revision: 3 }, ['dl_b1']],
      ['an older one', { revision: 1 }, ['dl_a1', 'dl_b1']],
      ['no more than that there is one', { revision: 3, how: 'summary' }, ['dl_a1', 'dl_b1']],
      ['another cluster', { revision: 3, cluster: 'other' }, ['dl_a1', 'dl_b1']],
    ])('a dead letter is none any more once the output was told of %s', async (_name, parts, expected) => {
      await save(1, { dead: [dead('a1')] });
      await save(1, { dead: [dead('b1', { output: 'else', alert: 'a1' })] }, 'else');
      await save(2, { told: [told('a1', parts)] });
      expect(await letters()).toEqual(expected);
    });

    test('stores all of a progress or nothing', async () => {
      await save(1, { told: [told('a1')] });
      const broken = dead('a2', { at: Number.NaN });
      await expect(save(2, { told: [told('a1', { revision: 2 })], dead: [broken] })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
      expect((await store.outputCursors())[0]?.change).toBe(1);
      expect(await store.toldOf('siem', keys('a1'))).toEqual([told('a1')]);
      await save(3, { dead: [dead('a2')] });
      expect((await store.outputCursors())[0]?.change).toBe(3);
    });

    test('what an output follows is read however many questions wait', async () => {
      await put(alert('a1'));
      await save(1, { told: [told('a1')], dead: [dead('a1')] });
      const questions = Promise.allSettled(Array.from({ length: 200 }, () => store.history({}, { limit: 1 })));
      expect(await store.changedAlerts(0, 10)).toMatchObject([{ change: 1 }]);
      expect(await store.lastChange()).toBe(1);
      expect(await store.wholeAlerts(keys('a1'))).toEqual([alert('a1')]);
      expect(await store.toldOf('siem', keys('a1'))).toHaveLength(1);
      expect(await store.openTold('siem', 10)).toHaveLength(1);
      expect(await store.outputCursors()).toHaveLength(1);
      expect(await store.deadLetterCounts()).toEqual(new Map([['siem', 1]]));
      expect((await questions).filter(({ status }) => status === 'rejected')).not.toEqual([]);
    });

    describe('retention', () => {
      const old = { status: 'closed', updatedAt: formatTime(START - 2 * DAY) } as const;
      const retain = (awaitedBy?: string[]) =>
        store.retain({ now: START, maxAge: DAY, maxBytes: 1e12, ...(awaitedBy && { awaitedBy }) });
      const kept = async () => (await store.alerts({}, { limit: 9 })).items.map(({ id }) => id).toSorted();

      test('keeps what an output has still to be told of, however old', async () => {
        await put(alert('a1', old), alert('a2', old), alert('a3', old));
        await save(2);
        await save(1, {}, 'off');
        expect(await retain(['siem', 'new'])).toMatchObject({ alerts: 2, untold: 0 });
        expect(await kept()).toEqual(['a3']);
        await save(3);
        expect(await retain(['siem'])).toMatchObject({ alerts: 1, untold: 0 });
        expect(await kept()).toEqual([]);
      });

      test('lets go of what was told of alerts that are gone, and counts dead letters among them', async () => {
        await put(alert('a1', old), alert('a2'));
        await save(2, { told: [told('a1'), told('a2')] });
        await save(2, { dead: [dead('a1', { output: 'else' }), dead('a2', { output: 'else' })] }, 'else');
        expect(await retain()).toMatchObject({ alerts: 1, untold: 1 });
        expect((await store.toldOf('siem', keys('a1', 'a2'))).map(({ id }) => id)).toEqual(['a2']);
        expect(await letters()).toEqual(['dl_a2']);
      });
    });
  });
}
