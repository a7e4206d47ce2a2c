/** A thread of the sensor. */
import { extname } from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';

/** Enough for what waits to be sent; a thread that wants more fails, and is started anew. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };

export interface ThreadHandlers<M> {
  /** `ready` among them. */
  onMessage(message: M): void;
  /** Why, if it did not come to its end. */
  onExit(error: Error | undefined): void;
}

export class Thread<M extends { kind: string }> {
  readonly #worker: Worker;
  readonly exited: Promise<void>;
  /** It has said that it is ready, or has ended. */
  readonly started: Promise<void>;

  /** @param module next to this file, without extension: it is the same as this file's */
  constructor(module: string, data: unknown, { onMessage, onExit }: ThreadHandlers<M>) {
    const url = new URL(`./${module}${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(url, { workerData: data, resourceLimits: RESOURCE_LIMITS, execArgv: [] });
    let failure: Error | undefined;
    const ready = new Promise<void>((resolve) => {
      this.#worker.on('message', (message: M) => {
        if (message.kind === 'ready') resolve();
        onMessage(message);
      });
    });
    this.#worker.on('error', (error) => {
      failure = error;
    });
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        onExit(failure);
        resolve();
      });
    });
    this.started = Promise.race([ready, this.exited]);
  }

  send(message: unknown, transfer: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** The process needs not wait for it. */
  leave(): void {
    this.#worker.unref();
  }
}
