/** Alerts to a syslog server: RFC 5424 over TLS (RFC 5425), TCP (RFC 6587) or UDP (RFC 5426). */
import { hostname } from 'node:os';
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { connectionFailure } from '../connection-failure.ts';
import type { Output } from '../output.ts';
import { outputOf } from '../output-of.ts';
import { syslogMessage, textRoom } from './message.ts';
import { StreamSender } from './stream-sender.ts';
import { MAX_DATAGRAM_BYTES, UdpSender } from './udp-sender.ts';

export type SyslogSettings = NonNullable<OutputSettings['syslog']>;

export interface SyslogOutputOptions {
  settings: SyslogSettings;
  /** For all of a delivery. */
  timeoutMs: number;
  /** This machine's, as the server is told. */
  hostname?: string;
}

const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Sooner than whoever waits for a delivery gives it up: what is said then is what it was that took so long. */
const SHARE_OF_TIME = 0.9;

export function createSyslogOutput({ settings, timeoutMs, hostname: own = hostname() }: SyslogOutputOptions): Output {
  const { address, protocol, facility, appName } = settings;
  const maxBytes = protocol === 'udp' ? Math.min(settings.maxBytes, MAX_DATAGRAM_BYTES) : settings.maxBytes;
  const head = { facility, hostname: own, appName, maxBytes };
  const sender = protocol === 'udp' ? new UdpSender(address) : new StreamSender(settings);
  return outputOf({
    maxBatch: Math.max(1, Math.min(MAX_BATCH, Math.floor(MAX_BATCH_BYTES / maxBytes))),
    maxBytes: textRoom(maxBytes),
    deliver: async (messages, given) => {
      const signal = AbortSignal.any([given, AbortSignal.timeout(timeoutMs * SHARE_OF_TIME)]);
      const packed = messages.map(({ notice, text }) => syslogMessage(notice, text, head));
      try {
        return await sender.send(packed, signal);
      } catch (error) {
        throw connectionFailure(error, address, signal);
      }
    },
    failureOf: (error, signal) => connectionFailure(error, address, signal),
    close: () => sender.close(),
  });
}
