/** The server's side of TLS: its certificate, which is renewed while it runs, and the CA that agents' certificates are by. */
import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { TruantError } from '../../shared/errors.ts';
import { isSameMaterial, MIN_TLS, readTlsFiles, type TlsMaterial } from '../../shared/http/tls-files.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface ServerTlsFiles {
  certFile: string;
  keyFile: string | undefined;
  clientCaFile: string | undefined;
}

const HANDSHAKE_MS = 10_000;

export class ServerTls {
  readonly #files: ServerTlsFiles;
  readonly #log: Logger;
  #material: TlsMaterial;
  #trouble: string | undefined;

  private constructor(files: ServerTlsFiles, material: TlsMaterial, log: Logger) {
    this.#files = files;
    this.#material = material;
    this.#log = log;
  }

  /** @throws TruantError INPUT_UNREADABLE, CONFIG_INVALID */
  static async load(files: ServerTlsFiles, log: Logger): Promise<ServerTls> {
    return new ServerTls(files, await usable(files), log);
  }

  /** Certificates of clients are asked for, not demanded: a token will do. */
  get options(): TlsOptions {
    return {
      ...this.#material,
      minVersion: MIN_TLS,
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: this.#files.clientCaFile !== undefined,
      rejectUnauthorized: false,
    };
  }

  /** Why the certificate in use is not the one that the files hold; undefined while it is. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  /** Has the server use what the files hold by now. What can't be used, as in the middle of a change, is left for later. */
  async renew(server: Pick<Server, 'setSecureContext' | 'closeIdleConnections'>): Promise<void> {
    try {
      const material = await usable(this.#files);
      this.#trouble = undefined;
      if (isSameMaterial(material, this.#material)) return;
      const vouching = this.#material.ca;
      this.#material = material;
      server.setSecureContext({ ...material, minVersion: MIN_TLS });
      // Sessions end with the context; a connection would go on with what an earlier CA had vouched for.
      if (vouching && !material.ca?.equals(vouching)) server.closeIdleConnections();
      this.#log.info({ validTo: new X509Certificate(material.cert ?? '').validTo }, 'a new certificate is in use');
    } catch (error) {
      const first = this.#trouble === undefined;
      this.#trouble = (error as Error).message;
      if (first) this.#log.error({ err: error }, 'the certificate that the files hold cannot be used');
    }
  }
}

/** @throws TruantError INPUT_UNREADABLE, CONFIG_INVALID */
async function usable({ certFile, keyFile, clientCaFile }: ServerTlsFiles): Promise<TlsMaterial> {
  const material = await readTlsFiles({ certFile, keyFile, caFile: clientCaFile });
  try {
    createSecureContext({ ...material, minVersion: MIN_TLS });
    return material;
  } catch (cause) {
    throw new TruantError('CONFIG_INVALID', `${certFile} and its key can't be used: ${(cause as Error).message}`, {
      cause,
      remedy: 'Name a certificate and its own key, both PEM, in collector.tls.certFile and keyFile.',
    });
  }
}
