/** ArcSight's Common Event Format, version 0: `CEF:0|vendor|product|version|rule|title|severity|key=value ...`. */
import type { Alert } from '../schema/alert.ts';
import { parseTime } from '../time.ts';
import { VERSION } from '../version.ts';
import { type CefFields, cefLine } from './cef-line.ts';
import {
  leadingRule,
  marked,
  outcomeOf,
  readOf,
  SEVERITY_NUMBERS,
  severitiesOf,
  sourceOf,
  summaryText,
  summaryTitle,
  tokenFileOf,
} from './facts.ts';
import type { Format } from './format.ts';
import { type AlertNotice, type SummaryNotice, severityOf } from './notice.ts';

/** What `cs1` holds: half a command would do something else. */
const MAX_COMMAND = 1023;

const PRODUCT = ['Truant', 'Truant', VERSION];

export const cef: Format = {
  name: 'cef',
  contentType: 'text/plain',
  alert(notice) {
    const { alert } = notice;
    const title = marked(notice, alert.title);
    return cefLine([...PRODUCT, leadingRule(alert), title, SEVERITY_NUMBERS[alert.severity]], fieldsOf(notice));
  },
  summary(notice) {
    const severity = SEVERITY_NUMBERS[severityOf(notice)];
    return cefLine([...PRODUCT, 'alert-summary', summaryTitle(notice), severity], fieldsOfSummary(notice));
  },
};

function fieldsOf(notice: AlertNotice): CefFields {
  const { alert, event, link } = notice;
  const { did, binding } = alert;
  const read = readOf(alert);
  const { pod } = binding;
  return {
    externalId: alert.id,
    act: event,
    cat: [...new Set(alert.attack.map(({ tactic }) => tactic))].join(', '),
    outcome: outcomeOf(alert),
    reason: handlingOf(alert),
    msg: marked(notice, alert.summary),
    rt: millis(alert.updatedAt),
    start: millis(alert.firstSeen),
    end: millis(alert.lastSeen),
    deviceExternalId: alert.cluster,
    dvchost: read?.node ?? binding.node?.name,
    ...addressOf(alert),
    suser: alert.principal,
    spid: read?.pid,
    sproc: read?.process?.path ?? read?.process?.name,
    filePath: tokenFileOf(alert),
    requestClientApplication: did.userAgents[0],
    ...labelled('cs1', 'Kill action', alert.actions.find(({ command }) => command.length <= MAX_COMMAND)?.command),
    ...labelled('cs2', 'Rules', alert.rules.join(', ')),
    ...labelled('cs3', 'Credential', alert.credential ?? undefined),
    ...labelled('cs4', 'Pod', pod && `${pod.namespace}/${pod.name}`),
    ...labelled('cs5', 'Confidence', `${alert.confidence}: ${alert.confidenceWhy}`),
    ...labelled('cs6', 'Link', link),
    ...labelled('cn1', 'Revision', alert.revision),
    ...labelled('cn2', 'Requests', did.requests),
    ...labelled('cn3', 'Refused', did.refused),
    ...labelled('deviceCustomDate1', 'Credential expires', alert.expiresAt && millis(alert.expiresAt)),
  };
}

function fieldsOfSummary(notice: SummaryNotice): CefFields {
  return {
    act: 'summary',
    msg: summaryText(notice),
    rt: millis(notice.until),
    start: millis(notice.since),
    end: millis(notice.until),
    cnt: notice.total,
    ...labelled('cs1', 'Severities', severitiesOf(notice)),
    ...labelled('cs2', 'Rules', notice.rules.map(({ rule, count }) => `${rule} (${count})`).join(', ')),
    ...labelled('cs3', 'Notice', notice.id),
    ...labelled('cs4', 'Alerts', notice.alerts.map(({ id }) => id).join(', ')),
    ...labelled('cs5', 'Output', notice.output),
    ...labelled('cs6', 'Link', notice.link),
  };
}

/** `src` is for IPv4 alone; where IPv6 goes, and under what label, the dictionary says. */
function addressOf(alert: Alert): CefFields {
  const address = sourceOf(alert);
  if (address === undefined) return {};
  return address.includes(':') ? labelled('c6a2', 'Source IPv6 Address', address) : { src: address };
}

/** `true-positive by jo: rotated`; or who has it in hand. */
function handlingOf({ status, resolution, assignee }: Alert): string | undefined {
  if (resolution) return `${resolution.reason} by ${resolution.by}: ${resolution.note}`;
  if (assignee !== undefined) return `${status}, ${assignee} looks after it`;
  return status === 'open' ? undefined : status;
}

type Custom = 'cs1' | 'cs2' | 'cs3' | 'cs4' | 'cs5' | 'cs6' | 'cn1' | 'cn2' | 'cn3' | 'c6a2' | 'deviceCustomDate1';

function labelled(key: Custom, label: string, value: string | number | undefined): CefFields {
  return value === undefined || value === '' ? {} : { [`${key}Label`]: label, [key]: value };
}

/** Since 1970. */
function millis(time: string): number | undefined {
  const micros = parseTime(time);
  return micros === undefined ? undefined : Math.floor(micros / 1000);
}
