/** Whether there is an audit event among the lines of a file, and if there is none, what to make of the file to get them. */
import { TruantError } from '../../../shared/errors.ts';
import { eventsOf, isEvent } from './event-list.ts';

const REMEDY = 'An audit log has one event of audit.k8s.io a line, as JSON.';
const FIELD = /^[A-Za-z_]\w{0,40}$/;

export class EventSearch {
  #found = false;
  /** The first line, or the first one that looks like an event in something else. */
  #sample = '';

  /** @returns whether one was found: no more lines are needed */
  see(line: Buffer): boolean {
    const text = line.toString('utf8').trim();
    if (text === '') return false;
    this.#found = holdsEvent(text);
    if (this.#sample === '' || (!looksLikeEvent(this.#sample) && looksLikeEvent(text))) this.#sample = text;
    return this.#found;
  }

  /** Undefined when there was an event, or no line at all. */
  problem(path: string): TruantError | undefined {
    return this.#found || this.#sample === '' ? undefined : noEvents(path, remedyFor(this.#sample));
  }
}

export const noEvents = (path: string, remedy = REMEDY): TruantError =>
  new TruantError('INPUT_UNREADABLE', `${path} holds no audit events.`, { remedy });

function holdsEvent(text: string): boolean {
  const json = parse(text);
  if (isEvent(json)) return true;
  const list = text.includes('"items"') || text.startsWith('[') ? eventsOf(text) : undefined;
  return list !== undefined && !list.isForeign;
}

const looksLikeEvent = (text: string): boolean => text.includes('auditID');

function remedyFor(sample: string): string {
  const start = sample.indexOf('{');
  if (start > 0 && isEvent(parse(sample.slice(start)))) return first("sed 's/^[^{]*//'");
  for (const [name, value] of Object.entries(Object(parse(sample)) as object)) {
    if (!FIELD.test(name)) continue;
    if (isEvent(value)) return first(`jq -c .${name}`);
    if (typeof value === 'string' && isEvent(parse(value))) return first(`jq -c '.${name} | fromjson'`);
  }
  return REMEDY;
}

/** What makes of a file one that can be read. */
export const first = (command: string): string => `Make it one event a line first, with: ${command}`;

function parse(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
