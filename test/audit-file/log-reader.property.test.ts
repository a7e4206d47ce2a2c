import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Follower, Lab, leaseLine, range, useLine } from './lab.ts';

/** What can happen to a log and its reader between two pieces of writing. */
type Event =
  | { do: 'write'; bytes: number }
  | { do: 'rotate'; midLine: boolean }
  | { do: 'copytruncate'; readBetween: number; restartBetween: boolean }
  | { do: 'compress'; which: number }
  | { do: 'read'; batches: number }
  | { do: 'restart'; wasted: number };

const events = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('write' as const), bytes: fc.integer({ min: 1, max: 3000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rotate' as const), midLine: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('copytruncate' as const),
        readBetween: fc.integer({ min: 0, max: 3 }),
        restartBetween: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('compress' as const), which: fc.nat(5) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), batches: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), wasted: fc.nat(2) }) },
  ),
  { minLength: 5, maxLength: 40 },
) satisfies fc.Arbitrary<Event[]>;

/** Writes the text in pieces of any size; rotation may find it in the middle of a line, but never cuts one. */
class PiecewiseWriter {
  readonly #bytes: Buffer;
  readonly #lab: Lab;
  #written = 0;

  constructor(lab: Lab, text: string) {
    this.#lab = lab;
    this.#bytes = Buffer.from(text);
  }

  get isMidLine(): boolean {
    return this.#written > 0 && this.#bytes[this.#written - 1] !== 0x0a;
  }

  write(bytes: number): void {
    const end = Math.min(this.#bytes.length, this.#written + bytes);
    if (this.#lab.writing !== this.#lab.path) this.finishLine();
    if (end <= this.#written) return;
    this.#lab.append(this.#bytes.subarray(this.#written, end));
    this.#written = end;
  }

  /** A writer opens the new file once its line is out. */
  finishLine(): void {
    if (this.isMidLine) {
      const end = this.#bytes.indexOf(0x0a, this.#written) + 1;
      this.#lab.append(this.#bytes.subarray(this.#written, end));
      this.#written = end;
    }
    this.#lab.reopen();
  }

  finish(): void {
    this.finishLine();
    this.write(this.#bytes.length);
  }
}

const logOf = (uses: number): string =>
  range(0, uses)
    .map((n) => `${n % 3 === 0 ? `${leaseLine(n)}\n` : ''}${useLine(n)}\n`)
    .join('');

async function play(events: Event[], text: string, readBytes: number, fromBeginning: boolean): Promise<Follower> {
  const lab = new Lab();
  const follower = new Follower(lab, { readBytes });
  const writer = new PiecewiseWriter(lab, text);
  const plain: string[] = [];
  try {
    await (fromBeginning ? follower.fromBeginning() : follower.fromEnd());
    for (const event of events) {
      if (event.do === 'write') {
        writer.write(event.bytes);
      } else if (event.do === 'rotate' && lab.files().includes('audit.log')) {
        if (!event.midLine || lab.writing !== lab.path) writer.finishLine();
        plain.push(lab.rename());
        if (!writer.isMidLine) lab.reopen();
      } else if (event.do === 'copytruncate' && lab.files().includes('audit.log')) {
        writer.finishLine();
        plain.push(lab.copy());
        for (let i = 0; i < event.readBetween; i++) await follower.step();
        if (event.restartBetween) await follower.restart();
        lab.truncate();
      } else if (event.do === 'compress') {
        const [path] = plain.splice(event.which, 1);
        if (path && path !== lab.writing) lab.compress(path);
      } else if (event.do === 'read') {
        for (let i = 0; i < event.batches; i++) await follower.step();
      } else if (event.do === 'restart') {
        for (let i = 0; i < event.wasted; i++) await follower.waste();
        await follower.restart();
      }
    }
    writer.finish();
    await follower.drain();
    return follower;
  } finally {
    await follower.stop();
    lab.remove();
  }
}

describe('any pieces, any rotation, any restart', () => {
  it.each([{ fromBeginning: true }, { fromBeginning: false }])(
    'hands out every line once and in order: $fromBeginning',
    async ({ fromBeginning }) => {
      const uses = 40;
      const text = logOf(uses);
      await fc.assert(
        fc.asyncProperty(events, fc.integer({ min: 100, max: 8000 }), async (events, readBytes) => {
          const follower = await play(events, text, readBytes, fromBeginning);
          expect(follower.numbers).toEqual(range(0, uses));
          expect(follower.bytesRead).toBe(Buffer.byteLength(text));
          expect(follower.linesRead).toBe(text.split('\n').length - 1);
          expect(follower.gaps).toEqual([]);
          expect(follower.deadLetters.added).toEqual([]);
        }),
        { numRuns: 100 },
      );
    },
    120_000,
  );
});
