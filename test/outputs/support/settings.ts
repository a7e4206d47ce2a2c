/** Settings of outputs as the configuration gives them, with its defaults. */
import { type OutputSettings, outputs } from '../../../shared/config/outputs.ts';

type Of<Type extends keyof OutputSettings> = NonNullable<OutputSettings[Type]>;

export const webhookSettings = (section: object): Of<'webhook'> =>
  settingsOf({ webhook: section }).webhook as Of<'webhook'>;

export const alertmanagerSettings = (section: object): Of<'alertmanager'> =>
  settingsOf({ alertmanager: section }).alertmanager as Of<'alertmanager'>;

const settingsOf = (item: object): OutputSettings => outputs.parse({ one: item })['one'] as OutputSettings;
