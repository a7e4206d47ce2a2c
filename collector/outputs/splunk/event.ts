/** An event as Splunk's HTTP Event Collector takes it. */
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import { type Notice, severityOf } from '../../../shared/formats/notice.ts';
import { wellFormed } from '../../../shared/text.ts';
import { parseTime } from '../../../shared/time.ts';
import type { Message } from '../output.ts';

type Settings = Pick<NonNullable<OutputSettings['splunk']>, 'index' | 'source' | 'sourcetype'>;

/** One JSON object; several of them follow one another with nothing between. */
export function eventOf({ notice, text }: Message, { index, source, sourcetype }: Settings): string {
  const envelope = JSON.stringify({
    host: notice.kind === 'alert' ? wellFormed(notice.alert.cluster) : 'truant',
    source,
    sourcetype,
    ...(index !== undefined && { index }),
    fields: fieldsOf(notice),
  });
  const event = text.startsWith('{') ? text : JSON.stringify(wellFormed(text));
  return `{"time":${secondsOf(notice)},"event":${event},${envelope.slice(1)}`;
}

/** `<sec>.<ms>` */
function secondsOf(notice: Notice): string {
  const time = parseTime(notice.kind === 'alert' ? notice.alert.updatedAt : notice.until) ?? 0;
  return (Math.floor(time / 1000) / 1000).toFixed(3);
}

/** Indexed at once, whatever the format is: flat, and text alone. */
function fieldsOf(notice: Notice): Record<string, string> {
  const severity = severityOf(notice);
  if (notice.kind === 'summary') return { notice_id: wellFormed(notice.id), change: 'summary', severity };
  const { id, cluster, revision } = notice.alert;
  return {
    notice_id: wellFormed(notice.id),
    change: notice.event,
    alert_id: wellFormed(id),
    cluster: wellFormed(cluster),
    revision: String(revision),
    severity,
    ...(notice.isTest && { test: 'true' }),
  };
}
