/** Which fields are in the messages about the recordings' alerts, in each format. */
import type { FormatName } from '../../../shared/formats/format.ts';
import { formats } from '../../../shared/formats/formats.ts';
import { type AlertNotice, noticeId } from '../../../shared/formats/notice.ts';
import { testNotice } from '../../../shared/formats/test-alert.ts';
import type { Alert } from '../../../shared/schema/alert.ts';
import { recordedAlerts } from '../../formats/support/recorded-alerts.ts';

const CEF_HEADER = ['DeviceVendor', 'DeviceProduct', 'DeviceVersion', 'DeviceEventClassID', 'Name', 'Severity'];

/** Names of fields, dotted, as if lists were what is in them; of CEF, its keys and what its header is made of. */
export async function fieldsOf(format: FormatName): Promise<Set<string>> {
  const fields = new Set(format === 'cef' ? CEF_HEADER : []);
  for (const text of await messagesOf(format)) {
    if (format !== 'cef') addPaths(fields, JSON.parse(text));
    else for (const [, key = ''] of text.matchAll(/[ |](\w+)=/g)) fields.add(key);
  }
  return fields;
}

/** Of every alert of the recordings as it is new and as it is closed, and of a test. */
export async function messagesOf(format: FormatName): Promise<string[]> {
  const alerts = await recordedAlerts();
  const notices = [...alerts.flatMap((alert) => [created(alert), closed(alert)]), testNotice('siem', 'abc', 0)];
  return notices.map((notice) => formats[format].alert(notice));
}

function created(alert: Alert): AlertNotice {
  const link = 'https://truant.example.org/alerts/shop/al_1';
  return { kind: 'alert', id: noticeId(alert, 'create'), event: 'create', alert, link };
}

function closed(alert: Alert): AlertNotice {
  const resolution = { reason: 'true-positive', note: 'rotated', by: 'jo', at: '2030-01-01T00:00:00Z' } as const;
  const after: Alert = { ...alert, status: 'closed', assignee: 'jo', resolution };
  return { kind: 'alert', id: noticeId(after, 'close'), event: 'close', alert: after };
}

function addPaths(fields: Set<string>, value: unknown, path = ''): void {
  if (path !== '') fields.add(path);
  if (Array.isArray(value)) {
    for (const item of value) addPaths(fields, item, path);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) addPaths(fields, inner, path === '' ? key : `${path}.${key}`);
  }
}
