/** What lies between an agent and its collector: a TCP connection that can be cut, deaf or slow. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `open`: as if it weren't there; `cut`: no connection, those that were are reset; `deaf`: what the client says arrives, and
 * of what is answered nothing; `slow`: each answer comes half a second late.
 */
export type Weather = 'open' | 'cut' | 'deaf' | 'slow';

const SLOW_MS = 500;

export class Proxy {
  readonly port: number;
  /** How many answers were kept back. */
  swallowed = 0;
  #weather: Weather = 'open';
  readonly #sockets = new Set<Socket>();
  readonly #close: () => Promise<void>;

  static async to(target: number): Promise<Proxy> {
    const server = createServer((client) => proxy.#join(client, target));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = new Proxy((server.address() as AddressInfo).port, async () => {
      await new Promise((resolve) => server.close(resolve));
    });
    return proxy;
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** Connections that were made in other weather end. */
  set(weather: Weather): void {
    this.#weather = weather;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.set('cut');
    await this.#close();
  }

  #join(client: Socket, target: number): void {
    if (this.#weather === 'cut') {
      client.destroy();
      return;
    }
    const weather = this.#weather;
    const server = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (chunk: Buffer) => void this.#answer(client, chunk, weather));
  }

  async #answer(client: Socket, chunk: Buffer, weather: Weather): Promise<void> {
    if (weather === 'deaf') {
      this.swallowed += 1;
      // As when a connection dies at the worst moment: it is stored, and nobody is told.
      client.destroy();
      return;
    }
    if (weather === 'slow') await sleep(SLOW_MS);
    if (!client.destroyed) client.write(chunk);
  }
}
