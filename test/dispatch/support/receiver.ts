/** The other side of an output, as a test wants it to be. */
import { OutputFailure } from '../../../collector/outputs/failure.ts';
import type { Message, Outcome, Output } from '../../../collector/outputs/output.ts';
import type { Notice } from '../../../shared/formats/notice.ts';

export interface Received {
  notice: Notice;
  text: string;
}

export class Receiver {
  readonly received: Received[] = [];
  isDown = false;
  /** Takes what it is sent, and does not say so. */
  isMute = false;
  /** Alerts, by id, that it never takes. */
  readonly refused = new Set<string>();
  /** Alerts, by id, with which it takes nothing at all, as a firewall does that dislikes a word. */
  readonly chokesOn = new Set<string>();
  retryAfterMs: number | undefined;
  attempts = 0;
  /** Of how many messages each attempt was that it took. */
  readonly batches: number[] = [];
  /** Resolves what hangs. */
  release: (() => void) | undefined;
  hangs = false;
  isClosed = false;
  concurrent = 0;

  get ids(): string[] {
    return this.received.map(({ notice }) => notice.id);
  }

  output(parts: Partial<Output> = {}): Output {
    return {
      maxBatch: 3,
      maxBytes: 100_000,
      deliver: (messages, signal) => this.#deliver(messages, signal),
      close: () => {
        this.isClosed = true;
        return Promise.resolve();
      },
      ...parts,
    };
  }

  async #deliver(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    this.attempts += 1;
    this.concurrent += 1;
    if (this.concurrent > 1) throw new Error('two deliveries at a time');
    try {
      if (this.hangs) await this.#hang(signal);
      const { retryAfterMs } = this;
      if (this.isDown) {
        throw new OutputFailure('unreachable', 'Nobody answers there.', {
          remedy: 'Start it.',
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        });
      }
      if (messages.some(({ notice }) => notice.kind === 'alert' && this.chokesOn.has(notice.alert.id)))
        throw new OutputFailure('authorisation', 'It answers 403.');
      this.batches.push(messages.length);
      const outcomes = messages.map((message): Outcome => {
        if (message.notice.kind === 'alert' && this.refused.has(message.notice.alert.id)) {
          return new OutputFailure('rejected', 'No.', { of: 'message' });
        }
        this.received.push(message);
        return undefined;
      });
      if (this.isMute) throw new OutputFailure('timeout', 'It did not say whether it has them.');
      return outcomes;
    } finally {
      this.concurrent -= 1;
    }
  }

  #hang(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.release = resolve;
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  }
}
