/** Who is connected: the end of the server waits for answers, and for nobody who only holds a connection open. */
import type { IncomingMessage, Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** For answers that are on their way: most of the time in which all has to end is the store's. */
const GRACE_MS = 3000;

export class Connections {
  readonly #all = new Set<Socket>();
  /** They have not asked for anything yet. Node.js does not take them for idle, and waits for a minute. */
  readonly #silent = new Set<Socket>();

  constructor(server: Server) {
    const keep = (sockets: Set<Socket>) => (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    };
    server.on('connection', keep(this.#all));
    // Requests are of the socket within.
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', keep(this.#silent));
    server.on('request', ({ socket }: IncomingMessage) => this.#silent.delete(socket));
  }

  /** Once the server takes no more of them. Whoever is not done with its answer by then has to ask again. */
  async end(closed: Promise<unknown>): Promise<void> {
    for (const socket of this.#silent) socket.destroy();
    const late = setTimeout(() => {
      for (const socket of this.#all) socket.destroy();
    }, GRACE_MS);
    try {
      await closed;
    } finally {
      clearTimeout(late);
    }
  }
}
