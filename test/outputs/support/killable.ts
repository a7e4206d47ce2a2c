/** A process of a test's own, which is killed with -9, again and again, and does not outlive the test's. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export class Killable {
  #child: ChildProcess | undefined;

  get child(): ChildProcess | undefined {
    return this.#child;
  }

  is(child: ChildProcess): void {
    this.#child = child;
    process.once('exit', this.#kill);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'close');
    this.#kill();
    await gone;
    this.#child = undefined;
    process.off('exit', this.#kill);
  }

  readonly #kill = (): void => void this.#child?.kill('SIGKILL');
}
