/** Text that fits: what an output's peer takes has a size, and an alert may be larger. */
import type { Format } from './format.ts';
import { withFewer, withShorter } from './lessened.ts';
import type { Notice } from './notice.ts';

const ITEMS = [50, 20, 5, 1, 0];
const CHARACTERS = [500, 100];

export const rendered = (notice: Notice, format: Format): string =>
  notice.kind === 'alert' ? format.alert(notice) : format.summary(notice);

/** With less and less of it until it has at most `maxBytes` bytes in UTF-8. Undefined: even the least has more. */
export function fitted(notice: Notice, format: Format, maxBytes: number): string | undefined {
  for (const less of lessAndLess(notice)) {
    const text = rendered(less, format);
    if (Buffer.byteLength(text) <= maxBytes) return text;
  }
  return undefined;
}

function* lessAndLess(notice: Notice): Generator<Notice> {
  yield notice;
  let less = notice;
  for (const items of ITEMS) {
    less = withFewer(notice, items);
    yield less;
  }
  for (const characters of CHARACTERS) yield withShorter(less, characters);
}
