/** POSTs to a URL that the configuration names: any receiver, Slack, Microsoft Teams. */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { isPrivate } from '../../../shared/config/values.ts';
import type { FormatName } from '../../../shared/formats/format.ts';
import { type Clock, SECOND, wallClock } from '../../../shared/time.ts';
import { inRuns } from '../batches.ts';
import { itSays, OutputFailure } from '../failure.ts';
import { HttpPeer } from '../http.ts';
import { type Answer, httpFailure } from '../http-failure.ts';
import type { Message, Outcome, Output } from '../output.ts';
import { type Environment, nameOf, readSecret, readSecretLine } from '../secret.ts';
import { signatureOf } from './signature.ts';

export interface WebhookOutputOptions {
  settings: NonNullable<OutputSettings['webhook']>;
  format: FormatName;
  timeoutMs?: number;
  environment: Environment;
  clock?: Clock;
}

/** Of one message. Slack cuts a text at 40,000 characters, Teams takes 28 KB with what it puts around. */
const MAX_BYTES: Readonly<Partial<Record<FormatName, number>>> = { slack: 40_000, teams: 27_000 };
const MAX_BYTES_ELSEWHERE = 1_000_000;
/** Of a body with many messages. */
const MAX_BODY_BYTES = 4_000_000;

const REMEDIES = {
  'not-found': 'Look at the URL; one of Slack or Teams may have been taken back there, and has to be made anew.',
};

export function createWebhookOutput(options: WebhookOutputOptions): Output {
  const { settings, format, environment, clock = wallClock } = options;
  const peer = new HttpPeer({ tls: settings.tls, timeoutMs: options.timeoutMs });

  async function post(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    const { url, isSecret } = await target();
    const body = bodyOf(messages);
    const secretHeaders = await readAll(settings.secretHeaders, environment);
    const answer = await peer.post({
      url,
      body,
      signal,
      hasSecretUrl: isSecret,
      secrets: Object.values(secretHeaders).flatMap(withParts),
      headers: {
        ...lowerCase(settings.headers),
        ...secretHeaders,
        'content-type': format === 'cef' ? 'text/plain; charset=utf-8' : 'application/json',
        ...(settings.batch === 1 && { 'x-truant-notice': visible(messages[0]?.notice.id ?? '') }),
        ...(await signed(body)),
      },
    });
    const failure = failureOf(answer);
    if (failure) throw failure;
    return messages.map(() => undefined);
  }

  async function target(): Promise<{ url: URL; isSecret: boolean }> {
    const { url, secretUrl, allowPlainHttp } = settings;
    if (!secretUrl) return { url: new URL(url ?? ''), isSecret: false };
    const secret = (await readSecretLine(secretUrl, environment)).trim();
    if (isUrlToPostTo(secret, allowPlainHttp)) return { url: new URL(secret), isSecret: true };
    throw new OutputFailure('secret', `What ${nameOf(secretUrl)} holds is no https URL without credentials.`, {
      remedy: 'Put the whole URL there, and nothing else.',
    });
  }

  function bodyOf(messages: readonly Message[]): string {
    const texts = messages.map(({ text }) => text);
    if (settings.batch === 1) return texts.join('');
    return format === 'cef' ? texts.map((text) => `${text}\n`).join('') : `[${texts.join(',')}]`;
  }

  async function signed(body: string): Promise<Record<string, string>> {
    if (!settings.signingKey) return {};
    const key = await readSecret(settings.signingKey, environment);
    return { 'x-truant-signature': signatureOf(key, Math.floor(clock.now() / SECOND), body) };
  }

  function failureOf(answer: Answer): OutputFailure | undefined {
    if (answer.status < 200 || answer.status > 299) return httpFailure(answer, { remedies: REMEDIES });
    return format === 'teams' ? teamsFailure(answer) : undefined;
  }

  return {
    maxBatch: settings.batch,
    maxBytes: MAX_BYTES[format] ?? MAX_BYTES_ELSEWHERE,
    deliver: (messages, signal) => inRuns(messages, MAX_BODY_BYTES, (part) => post(part, signal)),
    close: () => peer.close(),
  };
}

/** Its older webhooks answer 200 whatever becomes of a message, and say it in the body. */
function teamsFailure({ peer, text }: Answer): OutputFailure | undefined {
  if (!text.startsWith('Webhook message delivery failed')) return undefined;
  const reason = text.includes('429') ? 'busy' : 'peer';
  return new OutputFailure(reason, `${peer} answers 200, and that it did not work.${itSays(text)}`);
}

function isUrlToPostTo(text: string, allowPlainHttp: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && (allowPlainHttp || isPrivate(text)));
}

async function readAll(places: WebhookOutputOptions['settings']['secretHeaders'], environment: Environment) {
  const read = Object.entries(places).map(
    async ([name, place]) => [name.toLowerCase(), await readSecretLine(place, environment)] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** Of `Bearer abc` what follows the scheme, too. */
const withParts = (secret: string): string[] => [secret, ...secret.split(' ').slice(1)];

/** A header is a line of ASCII. */
const visible = (text: string): string => text.replaceAll(/[^\x21-\x7e]/g, '?');
