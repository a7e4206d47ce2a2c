/** Settings of outputs as the configuration gives them, with its defaults. */
import { type OutputSettings, outputs } from '../../../shared/config/outputs.ts';

type Of<Type extends keyof OutputSettings> = NonNullable<OutputSettings[Type]>;

export const webhookSettings = (section: object): Of<'webhook'> =>
  settingsOf({ webhook: section }).webhook as Of<'webhook'>;

export const alertmanagerSettings = (section: object): Of<'alertmanager'> =>
  settingsOf({ alertmanager: section }).alertmanager as Of<'alertmanager'>;

export const elasticsearchSettings = (section: object): Of<'elasticsearch'> =>
  settingsOf({ elasticsearch: section }).elasticsearch as Of<'elasticsearch'>;

export const splunkSettings = (section: object): Of<'splunk'> => settingsOf({ splunk: section }).splunk as Of<'splunk'>;

const settingsOf = (item: object): OutputSettings => outputs.parse({ one: item })['one'] as OutputSettings;
