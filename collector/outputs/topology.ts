/** Which output is made of what: a new type is one folder, and a line here. */
import { formatOf, type OutputSettings, type OutputType, typeOf } from '../../shared/config/outputs.ts';
import { formats } from '../../shared/formats/formats.ts';
import type { KafkaSettings } from '../../shared/kafka/settings.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { createAlertmanagerOutput } from './alertmanager/alertmanager-output.ts';
import { createElasticsearchOutput } from './elasticsearch/elasticsearch-output.ts';
import { createFileOutput } from './file/file-output.ts';
import { createKafkaOutput } from './kafka/kafka-output.ts';
import type { Output } from './output.ts';
import type { Environment } from './secret.ts';
import { createSplunkOutput } from './splunk/splunk-output.ts';
import { createStdoutOutput } from './stdout/stdout-output.ts';
import { createSyslogOutput } from './syslog/syslog-output.ts';
import { createWebhookOutput } from './webhook/webhook-output.ts';

export interface OutputDeps {
  /** The section `kafka` of the configuration. */
  kafka: KafkaSettings;
  /** Where secrets may be. */
  environment: Environment;
  logger: Logger;
}

/** Does nothing before its first delivery. */
export function createOutput(settings: OutputSettings, deps: OutputDeps): Output {
  return CREATE[typeOf(settings)](settings, deps);
}

/** By type, whose section the settings have. */
const CREATE: Readonly<Record<OutputType, (settings: OutputSettings, deps: OutputDeps) => Output>> = {
  kafka: (all, { kafka, logger }) =>
    createKafkaOutput({ settings: sectionOf(all, 'kafka'), kafka, format: formats[nameOf(all)], logger }),
  webhook: (all, { environment }) =>
    createWebhookOutput({
      settings: sectionOf(all, 'webhook'),
      format: nameOf(all),
      timeoutMs: msOf(all),
      environment,
    }),
  syslog: (all) => createSyslogOutput({ settings: sectionOf(all, 'syslog'), timeoutMs: msOf(all) }),
  elasticsearch: (all, { environment }) =>
    createElasticsearchOutput({ settings: sectionOf(all, 'elasticsearch'), timeoutMs: msOf(all), environment }),
  splunk: (all, { environment }) =>
    createSplunkOutput({ settings: sectionOf(all, 'splunk'), timeoutMs: msOf(all), environment }),
  alertmanager: (all, { environment, logger }) =>
    createAlertmanagerOutput({ settings: sectionOf(all, 'alertmanager'), timeoutMs: msOf(all), environment, logger }),
  file: (all) => createFileOutput({ settings: sectionOf(all, 'file') }),
  stdout: () => createStdoutOutput(),
};

function sectionOf<Type extends OutputType>(settings: OutputSettings, type: Type): NonNullable<OutputSettings[Type]> {
  const section = settings[type];
  if (section == null) throw new TypeError(`an output of type ${type} without that section`);
  return section;
}

const nameOf = (settings: OutputSettings) => formatOf(settings) ?? 'native';
const msOf = ({ timeoutSeconds }: OutputSettings): number => timeoutSeconds * 1000;
