/** What every output must do, with a real other side, or what is closest to one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import type { Message, Output } from '../../collector/outputs/output.ts';
import { noticeId } from '../../shared/formats/notice.ts';
import { alert } from '../collector/support/make.ts';
import { eventually } from '../support/runs.ts';

/** What the other side has of one message. */
export interface Received {
  /** The alert's id. */
  alert: string;
  revision: number;
  title: string;
}

export interface OtherSide {
  output: Output;
  /** All that it has taken so far, in the order in which it came; what came twice is in it twice. */
  received(): Promise<Received[]>;
  /** Takes it away, as a kill or a cut network would. */
  goDown(): Promise<void>;
  /** Brings it back where it was. */
  comeBack(): Promise<void>;
  /** From now on it takes connections, and answers nothing; `caught` resolves once a delivery waits for that. */
  hang?(): Promise<{ caught: Promise<unknown> }>;
  /** The next batch it takes half, and breaks then. */
  breakHalfway?(): Promise<void>;
  stop(): Promise<void>;
}

export interface OutputLab {
  /** Undefined: it can be run here. */
  whyNot?: string | undefined;
  /** Before the first test, and after the last. */
  before?(): Promise<void>;
  after?(): Promise<void>;
  start(): Promise<OtherSide>;
  /** The text of a message; else `textOf`. */
  format?(notice: Message['notice']): string;
  /** False: it keeps the newest state of each alert, in no order. */
  isOrdered?: boolean;
  /** Why something can't be tried with it, for the test's name. */
  cannot?: { noticeLoss?: string; breakHalfway?: string; hang?: string };
  /** What the other side has of a title, where that is not the title to the letter. */
  titleOf?(title: string): string;
}

const HOSTILE = [
  'quotes " \' ` and \\ back\\slashes \\" \\\\',
  '] [ = | { } < > & % %25 %0A $(id) ${x} #',
  '<script>alert(1)</script><!channel> *bold* [link](https://evil.example)',
  'line\nfeed\r\nand\ttab \u0000 \u001b[31mred \u007f \u0085 \u2028 \u2029',
  'Grüße, 世界, \u{1f600}, e\u0301, \u202eleft\u202c',
  '\n{"index":{}}\n<13>1 - - - - - forged\n',
  'x'.repeat(2000),
];

const never = new AbortController().signal;

/** Native JSON, as far as the contract looks at it. */
export const textOf = (notice: Message['notice']): string => JSON.stringify(notice);

export function receivedOf(text: string): Received {
  const { id, revision, title } = (JSON.parse(text) as { alert: { id: string; revision: number; title: string } })
    .alert;
  return { alert: id, revision, title };
}

/** About an alert of its own, unless told otherwise. */
export function message(id: string, { revision = 1, title = `about ${id}`, format = textOf } = {}): Message {
  const about = alert(id, { revision, title });
  const event = revision === 1 ? ('create' as const) : ('update' as const);
  const notice = { kind: 'alert' as const, id: noticeId(about, event), event, alert: about };
  return { notice, text: format(notice) };
}

const why = (reason: string | undefined): string => (reason === undefined ? '' : ` (skipped: ${reason})`);

export function describeOutput(name: string, lab: OutputLab): void {
  const because = why(lab.whyNot);
  const { isOrdered = true, cannot = {}, titleOf = (title) => title } = lab;
  describe.skipIf(lab.whyNot !== undefined)(`${name} as an output${because}`, () => {
    let side: OtherSide;
    beforeAll(() => lab.before?.());
    afterAll(() => lab.after?.());
    beforeEach(async () => {
      side = await lab.start();
    });
    afterEach(async () => {
      await side.output.close();
      await side.stop();
    });

    const make = (id: string, parts: { revision?: number; title?: string } = {}) =>
      message(id, { ...parts, ...(lab.format && { format: lab.format }) });
    const ids = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `a${from + n}`);
    const batchOf = (alerts: readonly string[]): Message[] => alerts.map((id) => make(id));

    async function deliverAll(messages: readonly Message[]): Promise<void> {
      for (let at = 0; at < messages.length; at += side.output.maxBatch) {
        const batch = messages.slice(at, at + side.output.maxBatch);
        expect(await side.output.deliver(batch, never)).toEqual(batch.map(() => undefined));
      }
    }

    /** Each at least once, and each for the first time in this order. */
    async function expectReceived(alerts: readonly string[]): Promise<void> {
      await eventually(async () => {
        const firsts = [...new Set((await side.received()).map((received) => received.alert))];
        expect(isOrdered ? firsts : firsts.toSorted()).toEqual(isOrdered ? alerts : alerts.toSorted());
      });
    }

    async function expectFailure(delivering: Promise<unknown>): Promise<void> {
      const failure = await delivering.then(
        () => expect.fail('it was delivered'),
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(OutputFailure);
      const { of, message: said } = failure as OutputFailure;
      expect(of).toBe('output');
      expect(said).toMatch(/^\S.*\.$/);
    }

    test('all that is delivered arrives, in order', async () => {
      const alerts = ids(0, Math.min(3 * side.output.maxBatch, 250));
      await deliverAll(batchOf(alerts));
      await expectReceived(alerts);
    });

    test('what is told of one alert arrives in order', async () => {
      await deliverAll([1, 2, 3, 4, 5].map((revision) => make('a1', { revision, title: `state ${revision}` })));
      await eventually(async () => {
        const received = await side.received();
        expect(received.map(({ revision }) => revision)).toEqual(isOrdered ? [1, 2, 3, 4, 5] : [5]);
        expect(received.at(-1)?.title).toBe(titleOf('state 5'));
      });
    });

    test('names that others chose arrive to the letter', async () => {
      const hostile = HOSTILE.map((title, n) => ({ id: `h${n}`, title }));
      await deliverAll(hostile.map(({ id, title }) => make(id, { title })));
      await expectReceived(hostile.map(({ id }) => id));
      const titles = new Map((await side.received()).map((received) => [received.alert, received.title]));
      for (const { id, title } of hostile) expect(titles.get(id), id).toBe(titleOf(title));
    });

    test('nothing to deliver is delivered', async () => {
      expect(await side.output.deliver([], never)).toEqual([]);
      expect(await side.received()).toEqual([]);
    });

    test.skipIf(cannot.noticeLoss !== undefined)(
      `while the other side is down it says so; once that is back it works again${why(cannot.noticeLoss)}`,
      async () => {
        await deliverAll(batchOf(['before']));
        await side.goDown();
        await expectFailure(side.output.deliver(batchOf(['after']), never));
        await expectFailure(side.output.deliver(batchOf(['after']), never));
        await side.comeBack();
        await deliverAll(batchOf(['after', 'last']));
        await expectReceived(['before', 'after', 'last']);
      },
    );

    test.skipIf(cannot.noticeLoss !== undefined)(
      `where it has never been up it is waited for${why(cannot.noticeLoss)}`,
      async () => {
        await side.goDown();
        await expectFailure(side.output.deliver(batchOf(['a0']), never));
        await side.comeBack();
        await deliverAll(batchOf(['a0']));
        await expectReceived(['a0']);
      },
    );

    test.skipIf(cannot.breakHalfway !== undefined)(
      `a batch that was broken off half way arrives whole when it is sent again${why(cannot.breakHalfway)}`,
      async () => {
        if (!side.breakHalfway) throw new Error('it can not be broken off, and does not say why');
        const alerts = ids(0, Math.min(side.output.maxBatch, 50));
        await side.breakHalfway();
        await expectFailure(side.output.deliver(batchOf(alerts), never));
        await deliverAll(batchOf(alerts));
        await expectReceived(alerts);
      },
    );

    test.skipIf(cannot.hang !== undefined)(
      `a delivery that hangs is ended by its signal, and the next one works${why(cannot.hang)}`,
      async () => {
        if (!side.hang) throw new Error('it can not hang, and does not say why');
        const { caught } = await side.hang();
        const stop = new AbortController();
        const delivering = expectFailure(side.output.deliver(batchOf(['a0']), stop.signal));
        await caught;
        stop.abort();
        await delivering;
        await side.goDown();
        await side.comeBack();
        await deliverAll(batchOf(['a1']));
        await eventually(async () => expect((await side.received()).map((received) => received.alert)).toContain('a1'));
      },
    );

    test('a delivery whose signal is over already fails', async () => {
      await expectFailure(side.output.deliver(batchOf(['a0']), AbortSignal.abort()));
    });

    test.skipIf(cannot.hang !== undefined)(`closing ends a delivery that hangs${why(cannot.hang)}`, async () => {
      if (!side.hang) throw new Error('it can not hang, and does not say why');
      const { caught } = await side.hang();
      const delivering = expectFailure(side.output.deliver(batchOf(['a0']), never));
      await caught;
      await side.output.close();
      await delivering;
    });

    test('it is closed as often as one likes, used or not', async () => {
      await Promise.all([side.output.close(), side.output.close()]);
      await expect(side.output.close()).resolves.toBeUndefined();
    });
  });
}
