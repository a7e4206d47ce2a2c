/** Where an output sends to, in a few words without secrets. */
import { type OutputSettings, typeOf } from '../../shared/config/outputs.ts';

/** @param alertsTopic where it names none */
export function targetOf(settings: OutputSettings, alertsTopic: string): string {
  const { kafka, webhook, syslog, elasticsearch, splunk, alertmanager, file } = settings;
  if (kafka) return topicAt(kafka.topic ?? alertsTopic, kafka.brokers);
  // What is behind the host may be a secret.
  if (webhook) return webhook.url === undefined ? 'a URL that is a secret' : originOf(webhook.url);
  if (syslog) return `${syslog.address} (${syslog.protocol})`;
  if (elasticsearch) return `${originOf(elasticsearch.url)}, ${elasticsearch.index}`;
  if (splunk) return originOf(splunk.url);
  if (alertmanager) return alertmanager.urls.map(originOf).join(', ');
  return file?.path ?? typeOf(settings);
}

/** @param brokers none: those of the section `kafka` */
export const topicAt = (topic: string, [first, ...others]: readonly string[]): string =>
  `topic ${topic}${first === undefined ? '' : ` at ${first}`}${others.length > 0 ? ` and ${others.length} more` : ''}`;

const originOf = (url: string): string => new URL(url).origin;
