/** A spool does as a list in memory would, whenever it is closed and opened again. */
import fc from 'fast-check';
import { test } from 'vitest';
import { use } from '../collector/support/make.ts';
import { ALL, type Counted, close, ids, opened, place, uses } from './support/open.ts';

interface Model {
  /** Positions and ids, in order. */
  records: [number, string][];
  held: Map<string, string>;
  next: number;
  checkpoint: number | undefined;
}

interface Real {
  spool: Counted;
  folder: string;
}

type Command = fc.AsyncCommand<Model, Real>;

class Put implements Command {
  readonly count: number;
  readonly name: string;
  readonly isAwaited: boolean;

  constructor(count: number, name: string, isAwaited: boolean) {
    this.count = count;
    this.name = name;
    this.isAwaited = isAwaited;
  }

  check = () => true;

  async run(model: Model, { spool }: Real): Promise<void> {
    const from = model.next;
    const held = use(10_000 + from);
    const isHeld = model.held.has(this.name);
    const written = spool.put({
      items: uses(from, from + this.count),
      ...(isHeld ? { release: [this.name] } : { hold: new Map([[this.name, held]]) }),
      checkpoint: from,
    });
    for (let n = from; n < from + this.count; n += 1) model.records.push([n, use(n).id]);
    if (isHeld) model.held.delete(this.name);
    else model.held.set(this.name, held.id);
    model.next += this.count;
    model.checkpoint = from;
    if (this.isAwaited) await written;
  }

  toString = () => `put(${this.count}, ${this.name}${this.isAwaited ? '' : ', unawaited'})`;
}

class Deliver implements Command {
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  check = () => true;

  async run(model: Model, { spool }: Real): Promise<void> {
    await spool.written();
    const records = spool.read({ ...ALL, records: this.most });
    same(
      records.map(({ position }, n) => [position, ids(records)[n]]),
      model.records.slice(0, this.most),
    );
    spool.acknowledge(records);
    model.records.splice(0, this.most);
    same(spool.records, model.records.length);
  }

  toString = () => `deliver(${this.most})`;
}

class Reopen implements Command {
  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    const { uuid, bytes } = real.spool;
    await close(real.spool);
    real.spool = await opened(real.folder);
    same(
      [real.spool.uuid, real.spool.bytes, real.spool.records, real.spool.checkpoint, real.spool.setAside],
      [uuid, bytes, model.records.length, model.checkpoint, undefined],
    );
    const held = [...real.spool.held].map(([name, { observation }]) => [name, observation.id]);
    same(
      held,
      [...model.held].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  toString = () => 'reopen';
}

function same(a: unknown, b: unknown): void {
  const [is, should] = [JSON.stringify(a), JSON.stringify(b)];
  if (is !== should) throw new Error(`is ${is}, should be ${should}`);
}

test('whatever is put, delivered, closed and opened, it is as a list would be', async () => {
  const commands = fc.commands<Model, Real, false>(
    [
      fc
        .tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom('a', 'b', 'c'), fc.boolean())
        .map((of) => new Put(...of)),
      fc.integer({ min: 1, max: 40 }).map((most) => new Deliver(most)),
      fc.constant(new Reopen()),
    ],
    { maxCommands: 30 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const folder = place();
      const real = { spool: await opened(folder), folder };
      const model: Model = { records: [], held: new Map(), next: 0, checkpoint: undefined };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await new Reopen().run(model, real);
      await new Deliver(1000).run(model, real);
      await close(real.spool);
    }),
    { numRuns: 40 },
  );
}, 60_000);
