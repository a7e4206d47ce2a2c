/** Text from outside made visible, and words for what the API names. */
import { printable } from '../../../../shared/text.ts';

export { accountName, counted, placementName, placeName, reasonName } from './words.ts';

/** From outside: controls and what turns text around are shown as escapes. */
export function Said({ text, mono = false }: { text: string; mono?: boolean }) {
  const shown = printable(text);
  return mono ? <code>{shown}</code> : <span>{shown}</span>;
}
