/** The parent's side of `peer-process.ts`. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../support/free-ports.ts';
import { Killable } from './killable.ts';
import type { PeerMode, PeerStart, PeerTook } from './peer-process.ts';

export class Peer {
  readonly took: PeerTook[] = [];
  readonly #script: string;
  readonly #start: PeerStart;
  readonly #process = new Killable();
  #onTaken: (() => void) | undefined;

  /** @param script `peer-process.ts`, compiled */
  static async start(script: string, tls?: PeerStart['tls']): Promise<Peer> {
    const peer = new Peer(script, { port: await freePort(), ...(tls && { tls }) });
    await peer.comeBack();
    return peer;
  }

  private constructor(script: string, start: PeerStart) {
    this.#script = script;
    this.#start = start;
  }

  get url(): string {
    return `${this.#start.tls ? 'https' : 'http'}://127.0.0.1:${this.#start.port}`;
  }

  async comeBack(): Promise<void> {
    const child = fork(this.#script, { env: { ...process.env, PEER: JSON.stringify(this.#start) } });
    this.#process.is(child);
    await once(child, 'message');
    child.on('message', (said: PeerTook | 'changed') => {
      if (said === 'changed') return;
      this.took.push(said);
      this.#onTaken?.();
    });
  }

  goDown(): Promise<void> {
    return this.#process.kill();
  }

  /** @returns when it has taken something since */
  async set(mode: PeerMode): Promise<{ caught: Promise<void> }> {
    const caught = new Promise<void>((resolve) => {
      this.#onTaken = resolve;
    });
    const { child } = this.#process;
    if (!child) throw new Error('the peer is down');
    const changed = once(child, 'message');
    child.send(mode);
    await changed;
    return { caught };
  }
}
