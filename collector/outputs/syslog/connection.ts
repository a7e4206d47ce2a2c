/** A connection to a syslog server, over TCP or TLS. The server says nothing on it: what can be known is how it ends. */
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { MIN_TLS, readTlsFiles, type TlsFiles } from '../../../shared/http/tls-files.ts';

export interface Server {
  host: string;
  port: number;
  /** Undefined: plain TCP. */
  tls: TlsFiles | undefined;
}

const SHORTEST_PAUSE_MS = 50;

/** The server ended the connection in order, but before it was told that nothing follows: it may not have read it all. */
export class EndedEarly extends Error {
  override readonly name = 'EndedEarly';
}

export class Connection {
  readonly #socket: Socket;
  /** A way there and back, at most. */
  readonly #roundTripMs: number;
  #problem: Error | undefined;
  #hasEnded = false;

  private constructor(socket: Socket, roundTripMs: number) {
    this.#socket = socket;
    this.#roundTripMs = roundTripMs;
    socket.on('error', (error) => {
      this.#problem ??= error;
    });
    socket.on('end', () => {
      this.#hasEnded = true;
    });
    // What the server says is not read, but its end is.
    socket.resume();
  }

  /**
   * With the certificates as they are in their files now.
   *
   * @param signal aborted: it is given up
   */
  static async open({ host, port, tls }: Server, signal: AbortSignal): Promise<Connection> {
    const material = tls && (await readTlsFiles(tls));
    signal.throwIfAborted();
    const began = performance.now();
    const where = { host, port, noDelay: true };
    const socket = material
      ? connectTls({ ...where, ...material, minVersion: MIN_TLS, ...(isIP(host) === 0 && { servername: host }) })
      : connect(where);
    try {
      await once(socket, material ? 'secureConnect' : 'connect', { signal });
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
    return new Connection(socket, performance.now() - began);
  }

  get isOpen(): boolean {
    return !this.#hasEnded && this.#problem === undefined && !this.#socket.destroyed;
  }

  /** Resolves once the system has taken all of it. */
  async write(frames: readonly Buffer[]): Promise<void> {
    for (const frame of frames) {
      this.#refuseEnded();
      if (!this.#socket.write(frame)) await this.#until('drain');
    }
    await new Promise<void>((resolve, reject) => {
      this.#socket.write('', (error) => (error ? reject(this.#problem ?? error) : resolve()));
    });
    this.#refuseEnded();
  }

  /**
   * Says that nothing follows, and resolves once the server has ended its side too, in order: it has read everything
   * then, as a system resets connections that end with something unread. A server that ends by itself, such as one that
   * does not like our certificate, must not be taken for one that has read: it is given the time to do so before.
   */
  async finish(signal: AbortSignal): Promise<void> {
    await delay(Math.max(SHORTEST_PAUSE_MS, 2 * this.#roundTripMs), undefined, { signal });
    this.#refuseEnded();
    this.#socket.end();
    await this.#until('close');
    if (this.#problem) throw this.#problem;
    if (!this.#hasEnded) throw new EndedEarly();
  }

  /** In order, without waiting for it. */
  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #refuseEnded(): void {
    if (!this.isOpen) throw this.#problem ?? new EndedEarly();
  }

  /** Resolves when that happens, or the connection ends. */
  async #until(event: 'drain' | 'close'): Promise<void> {
    if (this.#socket.destroyed) return;
    const events = event === 'drain' ? ['drain', 'end', 'close'] : ['close'];
    const { promise, resolve } = signalled();
    for (const name of events) this.#socket.on(name, resolve);
    await promise;
    for (const name of events) this.#socket.off(name, resolve);
  }
}

function signalled(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
