/** The Alertmanagers of a cluster. They don't tell each other of alerts, so each is told; one that is away holds nothing up. */
import type { Logger } from 'pino';
import type { TlsFiles } from '../../../shared/http/tls-files.ts';
import { OutputFailure } from '../failure.ts';
import { HttpPeer } from '../http.ts';
import { httpFailure } from '../http-failure.ts';

interface Telling {
  body: string;
  authorization?: string;
  secrets: readonly string[];
  signal: AbortSignal;
}

interface One {
  url: URL;
  peer: HttpPeer;
  isFailing: boolean;
}

/** How long the others may take once one has taken it. */
const GRACE_MS = 2000;

const REMEDIES = {
  'not-found': 'Look at the URL: it is that of Alertmanager itself, with its prefix if it has one, without /api/v2.',
};

export class AlertmanagerPeers {
  readonly #all: One[];
  readonly #logger: Logger;

  constructor(options: {
    settings: { urls: readonly string[]; tls: TlsFiles };
    timeoutMs?: number;
    logger: Logger;
  }) {
    const { settings, timeoutMs, logger } = options;
    this.#logger = logger;
    this.#all = settings.urls.map((base) => ({
      url: new URL(`${base.replace(/\/+$/, '')}/api/v2/alerts`),
      peer: new HttpPeer({ tls: settings.tls, timeoutMs }),
      isFailing: false,
    }));
  }

  /** Resolves once at least one has taken it. @throws OutputFailure when none has */
  async post(telling: Telling): Promise<void> {
    const enough = new AbortController();
    const signal = AbortSignal.any([telling.signal, enough.signal]);
    let grace: NodeJS.Timeout | undefined;
    const posts = this.#all.map(async (one) => {
      const failure = await postTo(one, { ...telling, signal });
      if (!failure) grace ??= setTimeout(() => enough.abort(timeout()), GRACE_MS);
      return failure;
    });
    const failures = await Promise.all(posts);
    clearTimeout(grace);
    const taken = failures.filter((failure) => failure === undefined).length;
    // While one of them could not be asked, nobody knows that none takes it.
    const [worst] = failures.toSorted((a, b) => rank(a) - rank(b));
    if (taken === 0 && worst) throw worst;
    for (const [index, failure] of failures.entries()) this.#tell(this.#all[index], failure);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ peer }) => peer.close()));
  }

  /** Once for as long as it lasts. */
  #tell(one: One | undefined, failure: OutputFailure | undefined): void {
    if (!one || one.isFailing === (failure !== undefined)) return;
    one.isFailing = failure !== undefined;
    const { host } = one.url;
    if (failure) {
      const { reason, message: detail, remedy } = failure;
      this.#logger.warn({ host, reason, detail, remedy }, 'one Alertmanager does not take alerts that others take');
    } else {
      this.#logger.info({ host }, 'this Alertmanager takes alerts again');
    }
  }
}

async function postTo({ url, peer }: One, telling: Telling): Promise<OutputFailure | undefined> {
  const { body, authorization, secrets, signal } = telling;
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  try {
    const answer = await peer.post({ url, body, headers, secrets, signal });
    const isTaken = answer.status >= 200 && answer.status < 300;
    return isTaken ? undefined : httpFailure(answer, { remedies: REMEDIES });
  } catch (error) {
    if (error instanceof OutputFailure) return error;
    throw error;
  }
}

const rank = (failure: OutputFailure | undefined): number => (failure?.of === 'output' ? 0 : 1);
const timeout = (): DOMException => new DOMException('the others have taken it', 'TimeoutError');
