/** A message a datagram (RFC 5426). What gets lost on the way nobody notices. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { splitHostAndPort } from '../../../shared/config/values.ts';
import { OutputFailure } from '../failure.ts';
import type { Outcome } from '../output.ts';
import { unlessAborted } from '../output-of.ts';

/** A server loses what comes faster than it reads, and the other side of UDP can't tell: no more than so many at once. */
const BURST = 16;
const PAUSE_MS = 10;
/** Within which the server's machine, or one on the way, says that a datagram found nobody. */
const REFUSED_MS = 50;
/** Of IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;

export class UdpSender {
  readonly #address: string;
  #socket: Socket | undefined;
  #refused: Error | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<Outcome[]> {
    // With each batch: a name may have moved, and nothing would say so.
    const socket = await this.#connected(signal);
    const outcomes: Outcome[] = [];
    for (const [index, message] of messages.entries()) {
      if (index > 0 && index % BURST === 0) await delay(PAUSE_MS, undefined, { signal });
      outcomes.push(await this.#sendOne(socket, message));
    }
    await delay(REFUSED_MS, undefined, { signal });
    if (this.#refused) throw this.#refused;
    return outcomes;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Connected, so that it is said when the server's machine answers that nobody listens. */
  async #connected(signal: AbortSignal): Promise<Socket> {
    this.close();
    const { host, port } = splitHostAndPort(this.#address);
    // A name server that does not answer is not waited for.
    const { address, family } = await unlessAborted(lookup(host), signal);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    this.#socket = socket;
    this.#refused = undefined;
    socket.on('error', (error) => {
      this.#refused = error;
    });
    socket.connect(port, address);
    await once(socket, 'connect', { signal });
    return socket;
  }

  async #sendOne(socket: Socket, message: Buffer): Promise<Outcome> {
    const error = await new Promise<Error | null>((resolve) => {
      socket.send(message, resolve);
    });
    if (!error) return undefined;
    if ('code' in error && error.code === 'EMSGSIZE') {
      const detail = `${message.length} bytes are more than the network to ${this.#address} takes at once.`;
      const remedy = "Set the output's syslog.maxBytes lower, or send over tls or tcp.";
      return new OutputFailure('too-large', detail, { of: 'message', remedy, cause: error });
    }
    throw error;
  }
}
