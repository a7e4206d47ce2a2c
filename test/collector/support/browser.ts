/** As much of a browser as logging in needs: cookies, by origin; redirects are followed one at a time. */
import { type Agent, fetch, type RequestInit, type Response } from 'undici';

export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #dispatcher: Agent | undefined;

  constructor(dispatcher?: Agent) {
    this.#dispatcher = dispatcher;
  }

  /** Of that origin. */
  cookies(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const known = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, known);
    return known;
  }

  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = this.cookies(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), ...(cookie !== '' && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** As a page of that origin does. */
  fromPage(url: string, method: string, more: { csrf?: string; body?: unknown } = {}): Promise<Response> {
    const headers: Record<string, string> = { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' };
    if (more.csrf !== undefined) headers['x-csrf-token'] = more.csrf;
    if (more.body === undefined) return this.ask(url, { method, headers });
    headers['content-type'] = 'application/json';
    return this.ask(url, { method, headers, body: JSON.stringify(more.body) });
  }

  /** Follows redirects until one leads to where `stop` says, or there is an answer. */
  async follow(url: string, stop: (url: string) => boolean): Promise<{ at: string; response?: Response }> {
    let at = url;
    for (let n = 0; n < 10 && !stop(at); n += 1) {
      const response = await this.ask(at);
      const next = response.headers.get('location');
      if (next === null) return { at, response };
      at = new URL(next, at).href;
    }
    return { at };
  }

  /**
   * Logs in at the issuer.
   *
   * @param path of `/auth/login`
   * @returns the address of the collector to which one is sent back, not yet gone to
   */
  async toCallback(collector: string, user: string, path = '/auth/login'): Promise<string> {
    const isBack = (url: string) => url.startsWith(`${collector}/auth/callback`);
    const form = await this.follow(collector + path, isBack);
    return isBack(form.at) ? form.at : (await this.follow(`${form.at}?user=${user}`, isBack)).at;
  }

  /** @returns the page at which it ends */
  async logIn(collector: string, user: string, path?: string): Promise<Response> {
    return this.ask(await this.toCallback(collector, user, path));
  }
}
