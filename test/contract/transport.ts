/** What every transport must do, with what it is made for at the other end: a collector, and what is between. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Run, Transport } from '../../agent/transport/transport.ts';
import type { StreamState } from '../../collector/store/store.ts';
import { use } from '../collector/support/make.ts';
import { envelopeOf, eventually, runOf } from '../support/runs.ts';

export interface OtherEnd {
  transport: Transport;
  /** Ids of the observations that the collector has. */
  ids(): Promise<string[]>;
  streams(): Promise<StreamState[]>;
  /** Takes away what the transport speaks with, as a kill or a cut network would. */
  down(): Promise<void>;
  /** Brings it back where it was, with what it had made durable. */
  up(): Promise<void>;
  /** Too large as a whole, and each half is not. */
  oversized(): Run;
  dispose(): Promise<void>;
}

export interface TransportLab {
  /** Undefined: it can be run here. */
  whyNot?: string | undefined;
  /** Before the first test, and after the last. */
  start?(): Promise<void>;
  end?(): Promise<void>;
  open(): Promise<OtherEnd>;
}

const never = new AbortController().signal;
const idsOf = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => use(from + n).id).toSorted();

export function transportContract(name: string, lab: TransportLab): void {
  const because = lab.whyNot === undefined ? '' : ` (skipped: ${lab.whyNot})`;
  describe.skipIf(lab.whyNot !== undefined)(`${name} as a transport${because}`, () => {
    let end: OtherEnd;
    beforeAll(() => lab.start?.());
    afterAll(() => lab.end?.());
    beforeEach(async () => {
      end = await lab.open();
    });
    afterEach(() => end.dispose());

    const hasStored = (from: number, count: number) =>
      eventually(async () => expect((await end.ids()).toSorted()).toEqual(idsOf(from, count)));

    test('what is sent is stored, each observation once, its stream without a hole', async () => {
      for (let position = 0; position < 900; position += 300) {
        expect(await end.transport.send(runOf(position, 300), never)).toBe('stored');
      }
      await hasStored(0, 900);
      expect(await end.streams()).toMatchObject([{ agent: 'node-a', position: 900, accepted: 900, missing: 0 }]);
      expect(end.transport.trouble()).toBeUndefined();
    });

    test('numbers that are left out are told, and hold nothing up', async () => {
      await end.transport.send(runOf(0, 2), never);
      await end.transport.send(runOf(5, 2), never);
      await eventually(async () =>
        expect(await end.streams()).toMatchObject([{ position: 7, missing: 3, accepted: 4 }]),
      );
    });

    test('stored means durable', async () => {
      expect(await end.transport.send(runOf(0, 100), never)).toBe('stored');
      await end.down();
      await end.up();
      await hasStored(0, 100);
    });

    test('while the other end is away it says so and tries on; then it is stored, and all is well', async () => {
      await end.transport.send(runOf(0, 10), never);
      await end.down();
      const sending = end.transport.send(runOf(10, 10), never);
      await eventually(() => expect(end.transport.trouble()).toMatch(/^[A-Z].*\.$/));
      await end.up();
      expect(await sending).toBe('stored');
      expect(end.transport.trouble()).toBeUndefined();
      await hasStored(0, 20);
    });

    test('it is stopped while it tries', async () => {
      await end.down();
      const stop = new AbortController();
      const sending = end.transport.send(runOf(0, 10), stop.signal);
      await eventually(() => expect(end.transport.trouble()).toBeDefined());
      stop.abort();
      expect(await sending).toBe('stopped');
      await end.up();
      expect(await end.transport.send(runOf(0, 10), never)).toBe('stored');
      await hasStored(0, 10);
    });

    test('what is sent again changes nothing', async () => {
      for (const position of [0, 0, 5, 0]) {
        expect(await end.transport.send(runOf(position, 10), never)).toBe('stored');
      }
      await hasStored(0, 15);
      expect(await end.streams()).toMatchObject([{ position: 15, missing: 0, accepted: 15 }]);
    });

    test('what is too large is refused, and its halves are not', async () => {
      const whole = end.oversized();
      expect(await end.transport.send(whole, never)).toMatchObject({ reason: 'too-large', detail: /./ });
      expect(end.transport.trouble()).toBeUndefined();
      const half = Math.ceil(whole.records.length / 2);
      for (const records of [whole.records.slice(0, half), whole.records.slice(half)]) {
        expect(await end.transport.send({ ...whole, records }, never)).toBe('stored');
      }
      await eventually(async () =>
        expect(await end.streams()).toMatchObject([{ missing: 0, accepted: whole.records.length }]),
      );
    });

    test('records that nobody can read do not keep others from being stored', async () => {
      const good = runOf(0, 3);
      const wrong = [
        'no json',
        '{"schema":1}',
        '[[[[[[',
        JSON.stringify({ ...envelopeOf(9, use(9)), observation: { kind: 'use', id: '\u0000' } }),
        JSON.stringify({ ...envelopeOf(9, use(9)), stream: 'other/node-b/x' }),
        JSON.stringify({ ...envelopeOf(9, { ...use(9), time: Number.MAX_SAFE_INTEGER }) }),
      ].map((text, index) => ({ position: 10 + index, key: 'k', value: Buffer.from(text) }));
      const binary = { position: 99, key: 'k', value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) };
      const [first, ...rest] = good.records;
      const records = first ? [first, ...wrong, binary, ...rest] : [];
      expect(await end.transport.send({ ...good, records }, never)).toBe('stored');
      expect(await end.transport.send(runOf(3, 2), never)).toBe('stored');
      await hasStored(0, 5);
    });

    test('one run is not held up by streams of others', async () => {
      await end.transport.send(runOf(0, 5), never);
      await end.transport.send(runOf(5, 5, { agent: 'node-b' }), never);
      await end.transport.send(runOf(10, 5, { cluster: 'other', agent: 'node-c' }), never);
      await hasStored(0, 15);
      const agents = (await end.streams()).map(({ agent }) => agent);
      expect(agents.toSorted()).toEqual(['node-a', 'node-b', 'node-c']);
    });
  });
}
