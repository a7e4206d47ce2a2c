/** The other side of a webhook: a real server that comes and goes, and remembers what it was sent, in order. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';

export interface ReceivedNotice {
  id: string;
  event: 'create' | 'update' | 'close';
  alert: { id: string; revision: number; status: string };
}

export interface Newest {
  revision: number;
  status: string;
}

export class AlertReceiver {
  readonly #port: number;
  #server: Listening | undefined;
  /** Answers after so long. */
  delayMs = 0;
  /** Of how many requests one is taken, and the connection cut off before it is answered. */
  cutsOffEach = Number.POSITIVE_INFINITY;
  requests = 0;
  readonly received: ReceivedNotice[] = [];

  static async create(): Promise<AlertReceiver> {
    const receiver = new AlertReceiver(await freePort());
    await receiver.comeUp();
    return receiver;
  }

  private constructor(port: number) {
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/alerts`;
  }

  async comeUp(): Promise<void> {
    this.#server ??= await listening((request, response) => void this.#take(request, response), undefined, this.#port);
  }

  async goDown(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = JSON.parse(await text(request)) as ReceivedNotice | ReceivedNotice[];
      this.received.push(...(Array.isArray(body) ? body : [body]));
    } catch {
      return; // Its sender was killed.
    }
    this.requests += 1;
    if (this.requests % this.cutsOffEach === 0) {
      request.socket.destroy();
      return;
    }
    await sleep(this.delayMs);
    response.end('ok');
  }
}

/** What is wrong with what was received: alerts that are missing, not in their last state, or out of order. */
export function wrongIn(received: readonly ReceivedNotice[], expected: ReadonlyMap<string, Newest>): string[] {
  const wrong: string[] = [];
  const last = new Map<string, ReceivedNotice>();
  const states = new Map<string, string>();
  for (const notice of received) {
    const { id, revision } = notice.alert;
    const before = last.get(id);
    if (before && before.alert.revision > revision) wrong.push(`${id}: ${before.alert.revision} before ${revision}`);
    last.set(id, notice);
    const state = `${id}/${revision}/${notice.event}`;
    if ((states.get(state) ?? notice.id) !== notice.id) wrong.push(`${state} has several ids`);
    states.set(state, notice.id);
  }
  if (new Set(states.values()).size !== states.size) wrong.push('several states have one id');
  for (const [id, state] of expected) {
    const told = last.get(id);
    if (!tells(told, state)) {
      wrong.push(`${id}: ${told?.event} ${told?.alert.revision}, not ${state.status} ${state.revision}`);
    }
  }
  return wrong;
}

/** Of one that is closed it is not enough to be told that it is new. */
export const tells = (told: ReceivedNotice | undefined, { revision, status }: Newest): boolean =>
  told?.alert.revision === revision && (status !== 'closed' || told.event !== 'create');

export const duplicatesIn = (received: readonly ReceivedNotice[]): number =>
  received.length - new Set(received.map(({ id }) => id)).size;
