/** The two cookies that there are. Where TLS is spoken, no other host and no plain HTTP can set them or is sent them. */
import { fastifyCookie, type SerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

export class Cookie {
  readonly #name: string;
  readonly #options: SerializeOptions;

  private constructor(name: string, secure: boolean, more: Pick<SerializeOptions, 'sameSite' | 'maxAge'>) {
    this.#name = `${secure ? '__Host-' : ''}truant-${name}`;
    this.#options = { path: '/', httpOnly: true, secure, ...more };
  }

  /** A session's id. It ends with the browser, if not here before. */
  static ofSession(secure: boolean): Cookie {
    return new Cookie('session', secure, { sameSite: 'strict' });
  }

  /** What is to be known again when the issuer sends somebody back, which comes from another site. */
  static ofLogin(secure: boolean, seconds: number): Cookie {
    return new Cookie('login', secure, { sameSite: 'lax', maxAge: seconds });
  }

  read({ headers }: FastifyRequest): string | undefined {
    return headers.cookie === undefined ? undefined : fastifyCookie.parse(headers.cookie)[this.#name];
  }

  set(reply: FastifyReply, value: string): void {
    reply.header('set-cookie', fastifyCookie.serialize(this.#name, value, this.#options));
  }

  clear(reply: FastifyReply): void {
    reply.header('set-cookie', fastifyCookie.serialize(this.#name, '', { ...this.#options, maxAge: 0 }));
  }
}
