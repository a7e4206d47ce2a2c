/** Lists of audit events (what a webhook receives, what kubectl-like tools print) as lines of one event each. */
import { isRelevant } from '../../../shared/normalise/prefilter.ts';
import { AuditEvent } from '../../../shared/schema/audit-event.ts';

export interface EventList {
  /** Its relevant events. */
  lines: Buffer[];
  total: number;
  /** It is a list of something else: there is not one event among all that is in it. */
  isForeign: boolean;
}

export const isEvent = (json: unknown): boolean => AuditEvent.safeParse(json).success;

/** Undefined when the text is no list of anything. */
export function eventsOf(text: string): EventList | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const items = Array.isArray(json) ? json : isList(json) ? json.items : undefined;
  if (!items) return undefined;
  const lines = items.map((item) => Buffer.from(JSON.stringify(item))).filter((line) => isRelevant(line));
  return { lines, total: items.length, isForeign: items.length > 0 && !items.some(isEvent) };
}

/** An event may have `items` somewhere, but only a list has them itself. */
const isList = (json: unknown): json is { items: unknown[] } =>
  typeof json === 'object' && json !== null && 'items' in json && Array.isArray(json.items) && !('auditID' in json);

/** Replaces the lines that are lists by their events. @returns how many lines that adds to the lines read */
export function expandLists(lines: Buffer[]): { lines: Buffer[]; added: number } {
  let added = 0;
  const expanded = lines.flatMap((line) => {
    const list = line.includes('"items"') ? eventsOf(line.toString('utf8')) : undefined;
    if (!list) return [line];
    added += list.total - 1;
    return list.lines;
  });
  return { lines: expanded, added };
}
