/**
 * A message of RFC 5424 around an alert's text: `<PRI>1 TIMESTAMP HOSTNAME APP-NAME - MSGID [truant@32473 …] text`. It depends
 * on the notice alone, so that what is sent again is the same to the letter; that is why there is no PROCID. The text has
 * no byte order mark before it, which RFC 5424 allows and most servers would take for a part of it.
 */
import { leadingRule } from '../../../shared/formats/facts.ts';
import { type Notice, severityOf } from '../../../shared/formats/notice.ts';
import type { Severity } from '../../../shared/schema/alert.ts';
import { printable } from '../../../shared/text.ts';
import { formatTime, parseTime } from '../../../shared/time.ts';

/** What is the same for all messages of an output. */
export interface Sender {
  /** RFC 5424, 0 to 23. */
  facility: number;
  hostname: string;
  appName: string;
  /** Of a whole message, UTF-8. */
  maxBytes: number;
}

/** RFC 5612 reserves the number for examples: Truant has none of its own. */
const SD_ID = 'truant@32473';

/** RFC 5424's alert, critical, error, warning, notice. Emergency would be shown on every terminal of a server. */
const SEVERITY: Readonly<Record<Severity, number>> = { critical: 1, high: 2, medium: 3, low: 4, info: 5 };

/** As Linux has it; RFC 5424 would take 255. */
const MAX_HOSTNAME = 64;
const MAX_APP_NAME = 48;
const MAX_VALUE_BYTES = 512;
const MAX_HEAD_BYTES = 2048;

/** What comes before the text may have so much of a message. */
const headRoom = (maxBytes: number): number => Math.min(MAX_HEAD_BYTES, Math.floor(maxBytes / 2));

/** What is left for the text. */
export const textRoom = (maxBytes: number): number => maxBytes - headRoom(maxBytes);

/** No longer than `maxBytes` where the text is no longer than `textRoom`. */
export function syslogMessage(notice: Notice, text: string, sender: Sender): Buffer {
  const priority = sender.facility * 8 + SEVERITY[severityOf(notice)];
  const [id, time] = notice.kind === 'alert' ? [notice.event, notice.alert.updatedAt] : [notice.kind, notice.until];
  const header = `<${priority}>1 ${timestamp(time)} ${name(sender.hostname, MAX_HOSTNAME)} ${name(sender.appName, MAX_APP_NAME)} - ${id} `;
  // The space before the text.
  const room = headRoom(sender.maxBytes) - Buffer.byteLength(header) - 1;
  return Buffer.from(`${header}${structuredData(parameters(notice), room)} ${text}`);
}

/** The most important first: what finds no room is left out from the end. */
function parameters(notice: Notice): [string, string | null | undefined][] {
  const severity = severityOf(notice);
  if (notice.kind === 'summary') {
    const { id, output, total } = notice;
    return Object.entries({ notice: id, event: 'summary', severity, output, total: String(total) });
  }
  const { alert } = notice;
  return Object.entries({
    alert: alert.id,
    revision: String(alert.revision),
    event: notice.event,
    severity,
    confidence: alert.confidence,
    cluster: alert.cluster,
    notice: notice.id,
    test: notice.isTest ? 'true' : undefined,
    rule: leadingRule(alert),
    source: alert.sources[0]?.address,
    principal: alert.principal,
    credential: alert.credential,
  });
}

function structuredData(all: readonly [string, string | null | undefined][], room: number): string {
  const parts = [`[${SD_ID}`];
  let left = room - SD_ID.length - '[]'.length;
  for (const [key, value] of all) {
    if (value === null || value === undefined) continue;
    const part = ` ${key}="${escaped(value)}"`;
    const bytes = Buffer.byteLength(part);
    if (bytes > left) continue;
    parts.push(part);
    left -= bytes;
  }
  return `${parts.join('')}]`;
}

/** A value as RFC 5424 wants it; a line break would end the message where lines tell messages apart. */
const escaped = (value: string): string => cut(printable(value)).replaceAll(/["\\\]]/g, String.raw`\$&`);

/** At the end of a character. */
function cut(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= MAX_VALUE_BYTES) return value;
  let end = MAX_VALUE_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}

function timestamp(text: string): string {
  const time = parseTime(text);
  return time === undefined ? '-' : formatTime(time);
}

/** PRINTUSASCII: a name that is none would be taken for the next field. */
function name(text: string, max: number): string {
  return text.replaceAll(/[^!-~]/g, '').slice(0, max) || '-';
}
