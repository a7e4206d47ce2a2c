/** What more than one format tells of a notice, in the same words and numbers. */
import { rulesById } from '../detection/rules/by-id.ts';
import { canonicalAddress } from '../inventory/address.ts';
import { parsePrincipal } from '../normalise/principal.ts';
import { type Alert, type Evidence, SEVERITIES, type Severity } from '../schema/alert.ts';
import type { AlertNotice, SummaryNotice } from './notice.ts';

/** From 0 to 10, as CEF counts: 0 to 3 is low there, 4 to 6 medium, 7 and 8 high, 9 and 10 very high. */
export const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = {
  info: 1,
  low: 3,
  medium: 5,
  high: 8,
  critical: 10,
};

/** The rule that an alert has its title of. */
export const leadingRule = ({ rules, title }: Alert): string =>
  rules.find((id) => rulesById.get(id)?.title === title) ?? rules[0] ?? 'unknown';

/** A text that says so when the notice is a test. */
export const marked = ({ isTest }: AlertNotice, text: string): string => (isTest ? `TEST: ${text}` : text);

/** Whether any request of the thief was let through. */
export function outcomeOf({ did: { requests, refused } }: Alert): 'success' | 'failure' | 'unknown' {
  if (requests === 0) return 'unknown';
  return requests > refused ? 'success' : 'failure';
}

/** The address it was used from most, in its canonical spelling; undefined: none, or not an address. */
export const sourceOf = ({ sources: [first] }: Alert): string | undefined => first && canonicalAddress(first.address);

/** The first evidence of a process that read the token. */
export const readOf = ({ evidence }: Alert): Evidence | undefined =>
  evidence.find(({ kind, pid }) => kind === 'read' && pid !== undefined);

/** The token file that was read or changed first. */
export const tokenFileOf = ({ evidence }: Alert): string | undefined =>
  evidence.find(({ path }) => path !== undefined)?.path;

/** The namespace that the credential belongs to. */
export const namespaceOf = ({ binding, principal }: Alert): string | undefined =>
  binding.pod?.namespace ?? parsePrincipal(principal)?.namespace;

/** `3 critical, 1 high`: the worst first. */
export const severitiesOf = ({ severities }: SummaryNotice): string =>
  SEVERITIES.filter((severity) => severities[severity] > 0)
    .toReversed()
    .map((severity) => `${severities[severity]} ${severity}`)
    .join(', ');

export const summaryTitle = ({ total }: SummaryNotice): string => `${total} more alerts than could be sent one by one`;

export const summaryText = (notice: SummaryNotice): string =>
  `${notice.total} alerts changed from ${notice.since} to ${notice.until} and were not sent one by one, ` +
  `because output ${notice.output} may send no faster: ${severitiesOf(notice)}. All of them are at the collector.`;
