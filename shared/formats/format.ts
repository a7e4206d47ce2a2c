/** What a format is: pure text out of a notice, one line whatever names and paths hold. */
import type { AlertNotice, SummaryNotice } from './notice.ts';

export const FORMAT_NAMES = ['native', 'ocsf', 'ecs', 'cef', 'slack', 'teams'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

export interface Format {
  readonly name: FormatName;
  /** Of a body that is one notice: `application/json`, or `text/plain` of CEF. */
  readonly contentType: string;
  /** Depends on the notice alone: what is sent again is the same to the letter. No line breaks in it. */
  alert(notice: AlertNotice): string;
  summary(notice: SummaryNotice): string;
}
