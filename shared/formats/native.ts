/** Truant's own schema: everything that is known, `docs/schema/notice.json`. */
import type { AlertMessage, SummaryMessage } from '../schema/notice.ts';
import type { Format } from './format.ts';
import { jsonLine } from './json-line.ts';

export const native: Format = {
  name: 'native',
  contentType: 'application/json',
  alert({ event, id, link, isTest, alert }) {
    const message: AlertMessage = {
      event,
      id,
      ...(link !== undefined && { link }),
      ...(isTest && { test: true }),
      alert,
    };
    return jsonLine(message);
  },
  summary(notice) {
    const { kind: _, ...summary } = notice;
    const message: SummaryMessage = { summary };
    return jsonLine(message);
  },
};
