/**
 * What the agent must not forget: where it stands in the log, and how far its stream has been delivered. Its folder is this
 * agent's alone, and is known to be writable before anything is sent: an agent that can't remember what it has delivered
 * would deliver everything again.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type ZodType, z } from 'zod';
import { Backoff, type Pause, pause } from '../shared/component/backoff.ts';
import { TruantError } from '../shared/errors.ts';
import { Checkpoints } from './checkpoints.ts';
import { lockFolder } from './state-lock.ts';

interface Saved<Place> {
  checkpoint: Place | null;
  position: number;
  /** Made anew with the state: an agent that forgot where it was begins another stream, never the same one again. */
  stream: string;
}

const savedOf = <Place>(place: ZodType<Place>): ZodType<Saved<Place>> =>
  z.strictObject({ checkpoint: place.nullable(), position: z.int().nonnegative(), stream: z.uuid() });

export interface AgentStateOptions<Place> {
  folder: string;
  /** What a place in the log is. */
  place: ZodType<Place>;
  logger: Logger;
  pause?: Pause;
}

interface Parts<Place> extends Required<Omit<AgentStateOptions<Place>, 'place'>> {
  checkpoints: Checkpoints;
  release: () => Promise<void>;
  saved: Saved<Place>;
  setAside: string | undefined;
}

const NAME = 'audit-file';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export class AgentState<Place> {
  /** Where an unreadable state was put; this one is new. */
  readonly setAside: string | undefined;
  readonly #parts: Parts<Place>;
  #saved: Saved<Place>;
  #saving: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  /** @throws TruantError STATE_LOCKED, STATE_UNWRITABLE, CHECKPOINT_UNREADABLE */
  static async open<Place>(options: AgentStateOptions<Place>): Promise<AgentState<Place>> {
    const { folder, logger, pause: wait = pause } = options;
    const checkpoints = new Checkpoints(folder, logger);
    const release = await explained(folder, () => lockFolder(folder));
    try {
      const { checkpoint: remembered, setAside } = await checkpoints.load(NAME, savedOf(options.place));
      const saved = remembered ?? { checkpoint: null, position: 0, stream: randomUUID() };
      await explained(folder, () => checkpoints.save(NAME, saved));
      return new AgentState({ folder, logger, pause: wait, checkpoints, release, saved, setAside });
    } catch (error) {
      await release();
      throw error;
    }
  }

  private constructor(parts: Parts<Place>) {
    this.#parts = parts;
    this.#saved = parts.saved;
    this.setAside = parts.setAside;
  }

  get stream(): string {
    return this.#saved.stream;
  }

  get position(): number {
    return this.#saved.position;
  }

  /** Undefined: it never stood anywhere. */
  get checkpoint(): Place | undefined {
    return this.#saved.checkpoint ?? undefined;
  }

  /** Why nothing can be remembered at the moment, as a sentence. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The first place, on a first start: whoever is killed before anything is delivered is to begin there again. */
  async begin(checkpoint: Place, signal: AbortSignal): Promise<void> {
    if (this.#saved.checkpoint === null) await this.advance(this.#saved.position, checkpoint, signal);
  }

  /** Resolves once it is durable, however long that takes, or when `signal` is aborted; never rejects. */
  async advance(position: number, checkpoint: Place | undefined, signal: AbortSignal): Promise<void> {
    this.#saved = { ...this.#saved, position, checkpoint: checkpoint ?? this.#saved.checkpoint };
    // One at a time: each writes what is newest then.
    this.#saving = this.#saving.then(() => this.#save(signal));
    await this.#saving;
  }

  async #save(signal: AbortSignal): Promise<void> {
    const { folder, logger, checkpoints } = this.#parts;
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    do {
      try {
        await checkpoints.save(NAME, this.#saved);
        this.#trouble = undefined;
        return;
      } catch (cause) {
        const err = unwritable(folder, cause);
        const pauseMs = backoff.nextMs();
        this.#trouble = `${err.message} ${err.remedy}`;
        logger.error({ err, pauseMs }, 'state cannot be saved, so nothing more is sent until it can');
        await this.#parts.pause(pauseMs, signal);
      }
    } while (!signal.aborted);
  }

  /** Lets other agents have the folder. */
  async close(): Promise<void> {
    await this.#parts.release();
  }
}

async function explained<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof TruantError ? cause : unwritable(folder, cause);
  }
}

const unwritable = (folder: string, cause: unknown): TruantError =>
  new TruantError(
    'STATE_UNWRITABLE',
    `The state folder ${folder} can't be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause, remedy: 'Make it writable for the agent, with room on its disk, or name another one in agent.stateDir.' },
  );
