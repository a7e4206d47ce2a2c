/** What the history can be asked for, as it stands in the page's address and as the API takes it. */

import { DAY, formatTime, HOUR, type Micros, parseTime } from '../../../../../shared/time.ts';
import type { HistoryFilter } from '../../../../store/store.ts';

type Given = Readonly<Record<string, string>>;

export interface FilterField {
  name: Exclude<keyof HistoryFilter, 'since' | 'until'>;
  /** What people call it. */
  label: string;
  /** One that is right. */
  example: string;
  choices?: readonly string[];
}

export const FIELDS: readonly FilterField[] = [
  { name: 'principal', label: 'Principal', example: 'shop/cart' },
  { name: 'credential', label: 'Credential', example: 'JTI=…' },
  { name: 'source', label: 'Source', example: '203.0.113.66' },
  { name: 'pod', label: 'Pod', example: 'shop/cart-7d4f, or its uid' },
  { name: 'node', label: 'Node', example: 'node-a' },
  { name: 'userAgent', label: 'User agent', example: 'curl/8.5.0, or curl*' },
  { name: 'verb', label: 'Verb', example: 'list' },
  { name: 'resource', label: 'Resource', example: 'secrets, pods/exec' },
  { name: 'code', label: 'Answer', example: '403' },
  { name: 'cluster', label: 'Cluster', example: 'production' },
  { name: 'kind', label: 'Kind', example: '', choices: ['use', 'read', 'file', 'issue', 'entry', 'denied'] },
  { name: 'placement', label: 'Placement', example: '', choices: ['home', 'away', 'unclear'] },
  {
    name: 'where',
    label: 'Away where',
    example: '',
    choices: ['internet', 'outside-cluster', 'other-node', 'other-pod', 'host'],
  },
];

const BY_NAME: ReadonlyMap<string, FilterField> = new Map(FIELDS.map((field) => [field.name, field]));

export const fieldOf = (name: string): FilterField | undefined => BY_NAME.get(name);

/** Times that go with the clock: `last` in the address. */
export const PRESETS = [
  { last: '1h', label: 'Last hour', length: HOUR },
  { last: '24h', label: '24 hours', length: DAY },
  { last: '7d', label: '7 days', length: 7 * DAY },
] as const;

/** Filters that are set, in the order of the fields, without those of time. */
export function activeFilters(given: Given): { field: FilterField; value: string }[] {
  return FIELDS.flatMap((field) => {
    const value = given[field.name];
    return value ? [{ field, value }] : [];
  });
}

/**
 * What the API is asked.
 *
 * @param now what `last` counts back from
 */
export function apiQuery(given: Given, now: Micros): Record<string, string> {
  const query: Record<string, string> = Object.fromEntries(
    activeFilters(given).map(({ field, value }) => [field.name, value]),
  );
  const preset = PRESETS.find(({ last }) => last === given['last']);
  if (preset) return { ...query, since: formatTime(now - preset.length) };
  if (given['since']) query['since'] = given['since'];
  if (given['until']) query['until'] = given['until'];
  return query;
}

/** Whether something is left out. */
export const isNarrowed = (given: Given): boolean => Object.keys(apiQuery(given, 0)).length > 0;

/** The stretch of time that is asked for, where it has ends. */
export function rangeOf(query: Given): { since: Micros | undefined; until: Micros | undefined } {
  return { since: parseTime(query['since'] ?? ''), until: parseTime(query['until'] ?? '') };
}

/** A change of the address to this stretch of time; whole milliseconds, as that is what anybody can read. */
export const timeChange = (since: Micros | undefined, until: Micros | undefined) => ({
  last: null,
  since: since === undefined ? null : short(since),
  until: until === undefined ? null : short(until),
});

const short = (time: Micros): string =>
  formatTime(time)
    .replace(/000Z$/, 'Z')
    .replace(/\.000Z$/, 'Z');

const FACTOR = 4;

/** Four times as long around the same middle, but not beyond now. */
export function widened(from: Micros, to: Micros, now: Micros): { since: Micros; until: Micros } {
  const grow = Math.round(((to - from) * (FACTOR - 1)) / 2);
  const until = Math.max(to, Math.min(to + grow, now));
  return { since: Math.max(0, from - grow), until };
}

/** What `<input type="datetime-local">` takes and gives: local time, to the second. */
export function toLocalInput(time: Micros | undefined): string {
  if (time === undefined) return '';
  const when = new Date(time / 1000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day}T${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

export function fromLocalInput(text: string): Micros | undefined {
  const millis = Date.parse(text);
  return text === '' || Number.isNaN(millis) ? undefined : millis * 1000;
}
