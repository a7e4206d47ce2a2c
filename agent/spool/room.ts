/** How much of the spool's room is used, and who waits for some. */

/** Part of the room that only requests already read, and what sources say about themselves, may use. */
const RESERVE = 1 / 16;
/** There is room again once so much of it is used at most: not with every single byte. */
const AGAIN = 0.9;

export class Room {
  readonly #max: number;
  readonly #limit: number;
  #used: number;
  #isClosing = false;
  #wanted: (() => void)[] = [];

  constructor(max: number, used: number) {
    this.#max = max;
    this.#limit = max * (1 - RESERVE);
    this.#used = used;
  }

  get used(): number {
    return this.#used;
  }

  /** Not even the reserve is left. */
  get isOverfull(): boolean {
    return this.#used > this.#max;
  }

  get isThereAgain(): boolean {
    return this.#used <= this.#limit * AGAIN;
  }

  hasFor(bytes: number): boolean {
    return this.#used + bytes <= this.#limit;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    if (this.#used < this.#limit) this.#let();
  }

  /** Resolves when there is some; false: nobody waits any more, and there is none. */
  async wanted(): Promise<boolean> {
    if (this.#used >= this.#limit && !this.#isClosing) await new Promise<void>((resolve) => this.#wanted.push(resolve));
    return this.#used < this.#limit;
  }

  /** Nobody waits any more. */
  release(): void {
    this.#isClosing = true;
    this.#let();
  }

  #let(): void {
    for (const resolve of this.#wanted.splice(0)) resolve();
  }
}
