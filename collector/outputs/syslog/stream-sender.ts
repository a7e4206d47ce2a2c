/** Messages on connections, and when the server has them. */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { splitHostAndPort } from '../../../shared/config/values.ts';
import { OutputFailure } from '../failure.ts';
import type { Outcome } from '../output.ts';
import { Connection, EndedEarly, type Server } from './connection.ts';

type Settings = NonNullable<OutputSettings['syslog']>;

const FRESH_MS = 3000;

export class StreamSender {
  readonly #settings: Settings;
  readonly #server: Server;
  /** Opened, and nothing is being written to it. */
  #spare: Connection | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    const tls = settings.protocol === 'tls' ? settings.tls : undefined;
    this.#server = { ...splitHostAndPort(settings.address), tls };
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<Outcome[]> {
    const connection = this.#takeSpare() ?? (await Connection.open(this.#server, signal));
    const stop = (): void => connection.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await connection.write(messages.map((message) => framed(message, this.#settings.framing)));
      if (this.#settings.acknowledge === 'written') this.#spare = connection;
      else await this.#acknowledged(connection, signal);
      return messages.map(() => undefined);
    } catch (error) {
      connection.destroy();
      throw error instanceof EndedEarly ? this.#endedEarly(error) : error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  close(): void {
    clearTimeout(this.#expiry);
    this.#spare?.end();
    this.#spare = undefined;
  }

  /**
   * The end of a connection looks the same when the server dies with all of it read and nothing done. So it has to be
   * there afterwards: the next connection is opened before this batch counts as delivered.
   */
  async #acknowledged(connection: Connection, signal: AbortSignal): Promise<void> {
    try {
      await connection.finish(signal);
    } catch (error) {
      throw signal.aborted && isTimeout(signal.reason) ? this.#neverClosed(error) : error;
    }
    const spare = await Connection.open(this.#server, signal);
    this.#spare = spare;
    // A server may end connections that nothing is said on, just as it is written to.
    this.#expiry = setTimeout(() => this.close(), FRESH_MS).unref();
  }

  #takeSpare(): Connection | undefined {
    const spare = this.#spare;
    clearTimeout(this.#expiry);
    this.#spare = undefined;
    return spare?.isOpen === true ? spare : undefined;
  }

  #neverClosed(cause: unknown): OutputFailure {
    const detail = `${this.#settings.address} has taken everything, and does not close the connection, by which it would say that it has read it.`;
    const remedy =
      "Let the server close connections that their client has ended, or set the output's syslog.acknowledge to written.";
    return new OutputFailure('timeout', detail, { remedy, cause });
  }

  #endedEarly(cause: unknown): OutputFailure {
    const { address, protocol } = this.#settings;
    const certificate = protocol === 'tls' ? ' does not take our certificate, or' : '';
    const remedy = `Look at the log of the server: it stops,${certificate} does not understand what it was sent.`;
    return new OutputFailure('peer', `${address} has ended the connection by itself.`, { remedy, cause });
  }
}

function framed(message: Buffer, framing: Settings['framing']): Buffer {
  if (framing === 'line') return Buffer.concat([message, Buffer.from('\n')]);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

const isTimeout = (reason: unknown): boolean => reason instanceof Error && reason.name === 'TimeoutError';
