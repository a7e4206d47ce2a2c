/** Alerts to each Alertmanager of a cluster, which then groups, silences and routes them. */
import type { Logger } from 'pino';
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { type Clock, SECOND, wallClock } from '../../../shared/time.ts';
import { inParts } from '../batches.ts';
import { basic } from '../http.ts';
import type { Message, Outcome, Output } from '../output.ts';
import { type Environment, readSecretLine } from '../secret.ts';
import { postableAlert } from './alerts.ts';
import { LastTold } from './last-told.ts';
import { AlertmanagerPeers } from './peers.ts';

export interface AlertmanagerOutputOptions {
  settings: NonNullable<OutputSettings['alertmanager']>;
  timeoutMs?: number;
  environment: Environment;
  /** Told of those that don't take what others have taken. */
  logger: Logger;
  clock?: Clock;
}

const MAX_BATCH = 100;
const SECONDS_PER_MINUTE = 60;
/** An alert is told again so many times before it would end. */
const LASTS_REPEATS = 4;

export function createAlertmanagerOutput(options: AlertmanagerOutputOptions): Output {
  const { settings, environment, clock = wallClock } = options;
  const peers = new AlertmanagerPeers(options);
  const lastTold = new LastTold();
  const repeatSeconds = settings.repeatMinutes * SECONDS_PER_MINUTE;

  async function send(messages: readonly Message[], signal: AbortSignal): Promise<Outcome[]> {
    const { secrets, ...authorized } = await credentials();
    const now = clock.now();
    const lasts = LASTS_REPEATS * repeatSeconds * SECOND;
    const { alerts, keep } = lastTold.next(
      messages.map(({ notice }) => ({ notice, alert: postableAlert(notice, { now, lasts, labels: settings.labels }) })),
      now,
    );
    await peers.post({ body: JSON.stringify(alerts), secrets, signal, ...authorized });
    keep();
    return messages.map(() => undefined);
  }

  async function credentials(): Promise<{ authorization?: string; secrets: string[] }> {
    const { username, password, bearerToken } = settings;
    if (bearerToken) {
      const token = await readSecretLine(bearerToken, environment);
      return { authorization: `Bearer ${token}`, secrets: [token] };
    }
    if (username === undefined || !password) return { secrets: [] };
    const secret = await readSecretLine(password, environment);
    const authorization = basic(username, secret);
    return { authorization, secrets: [secret, authorization.replace('Basic ', '')] };
  }

  return {
    maxBatch: MAX_BATCH,
    maxBytes: Number.MAX_SAFE_INTEGER,
    repeatSeconds,
    deliver: async (messages, signal) => (messages.length === 0 ? [] : inParts(messages, (part) => send(part, signal))),
    close: () => peers.close(),
  };
}
