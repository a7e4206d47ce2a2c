/** Settings of outputs to Elasticsearch and Splunk as the configuration gives them, with its defaults. */
import { type OutputSettings, outputs } from '../../../shared/config/outputs.ts';

type Of<Type extends keyof OutputSettings> = NonNullable<OutputSettings[Type]>;

export const elasticsearchSettings = (section: object): Of<'elasticsearch'> =>
  outputs.parse({ one: { elasticsearch: section } })['one']?.elasticsearch as Of<'elasticsearch'>;

export const splunkSettings = (section: object): Of<'splunk'> =>
  outputs.parse({ one: { splunk: section } })['one']?.splunk as Of<'splunk'>;
