import { describe, expect, test } from 'vitest';
import { TaskQueue } from '../../collector/task-queue.ts';

/** A task that ends when it is told to. */
function task() {
  let end = (): void => undefined;
  let fail = (): void => undefined;
  let started = false;
  const done = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = () => reject(new Error('failed'));
  });
  return {
    run: () => {
      started = true;
      return done;
    },
    end: () => end(),
    fail: () => fail(),
    get started() {
      return started;
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a task queue', () => {
  test('runs so many at a time, in order of arrival, and refuses more than may wait', async () => {
    const queue = new TaskQueue({ concurrency: 2, capacity: 1 });
    const [a, b, c, d] = [task(), task(), task(), task()];
    const running = [a, b, c].map(({ run }) => queue.run(run));
    await expect(queue.run(d.run)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect([a, b, c, d].map(({ started }) => started)).toEqual([true, true, false, false]);
    b.end();
    await running[1];
    await settled();
    expect(c.started).toBe(true);
    const last = queue.run(d.run);
    expect(d.started).toBe(false);
    for (const { end } of [a, c, d]) end();
    await Promise.all([...running, last]);
  });

  test('a task that fails gives its place on', async () => {
    const queue = new TaskQueue({ concurrency: 1, capacity: 5 });
    const [a, b] = [task(), task()];
    const first = queue.run(a.run);
    const second = queue.run(b.run);
    a.fail();
    await expect(first).rejects.toThrow('failed');
    b.end();
    await second;
    expect(b.started).toBe(true);
  });

  test('closing waits for all that was taken, and takes no more', async () => {
    const queue = new TaskQueue({ concurrency: 1, capacity: 5 });
    const [a, b] = [task(), task()];
    const taken = [queue.run(a.run), queue.run(b.run)];
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    await expect(queue.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    a.end();
    await settled();
    expect([b.started, closed]).toEqual([true, false]);
    b.end();
    await Promise.all([...taken, closing]);
    await new TaskQueue({ concurrency: 1, capacity: 0 }).close();
  });
});
