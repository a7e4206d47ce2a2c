/**
 * Reads an audit line in the one form in which kube-apiserver writes it (fields in order, no spaces), without building a
 * tree of it. What repeats from line to line (who, from where, with which client, about what, why allowed) is parsed once,
 * remembered with its text, and found again by comparing bytes. Anything unusual gives `undefined`, and the line is parsed
 * in full: the two give the same or this gives nothing, which a property test holds.
 */
import type { z } from 'zod';
import { AuditEvent } from '../schema/audit-event.ts';

const { user, impersonatedUser, sourceIPs, objectRef, responseStatus, annotations } = AuditEvent.shape;

/** A text of the log, and what it is parsed. The value is shared by all lines that have the text: never changed. */
interface Known<T> {
  text: string;
  value: T;
}

/** The last few texts seen in one place, the latest first, before all that were seen anywhere. */
class Recent<T> {
  readonly #max: number;
  readonly #all: Map<string, T>;
  readonly #known: Known<T>[] = [];

  constructor(max: number, all: Map<string, T>) {
    this.#max = max;
    this.#all = all;
  }

  /** The one that the line goes on with at that index. */
  find(line: string, at: number): Known<T> | undefined {
    const known = this.#known;
    for (let i = 0; i < known.length; i += 1) {
      const candidate = known[i] as Known<T>;
      if (!goesOnWith(line, at, candidate.text)) continue;
      if (i > 0) {
        known[i] = known[i - 1] as Known<T>;
        known[i - 1] = candidate;
      }
      return candidate;
    }
    return undefined;
  }

  /** What a text is parsed, by whoever had it before or by `parse`; remembered here either way. */
  learn(text: string, parse: (text: string) => T | undefined): T | undefined {
    const before = this.#all.get(text);
    const value = before ?? parse(text);
    if (value === undefined || text.length > MAX_TEXT) return value;
    const own = detached(text);
    if (before === undefined) {
      if (this.#all.size >= MAX_KNOWN) this.#all.clear();
      this.#all.set(own, value);
    }
    if (this.#known.length >= this.#max) this.#known.pop();
    this.#known.unshift({ text: own, value });
    return value;
  }
}

/** What is remembered beside a user: the same client mostly asks for the same few things. */
interface Habits {
  sources: Recent<AuditEvent['sourceIPs']>;
  agents: Recent<string>;
  objects: Recent<AuditEvent['objectRef']>;
  annotations: Recent<AuditEvent['annotations']>;
}

interface KnownUser extends Known<AuditEvent['user']> {
  habits: Habits;
}

const HEAD = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"';
/** Users with a token or certificate are remembered by its id, which is found in a line without looking at all of it. */
const CREDENTIAL = '"authentication.kubernetes.io/credential-id":["';
const KEY_LENGTH = 48;
const MAX_KNOWN = 20_000;
/** Longer texts are rare, and costly to keep. */
const MAX_TEXT = 4096;

/** What follows a part, without which it does not end. */
const AFTER_USER = ['},"sourceIPs":[', '},"impersonatedUser":{'] as const;
const AFTER_IMPERSONATED = ['},"sourceIPs":['] as const;
const AFTER_SOURCES = [
  '],"userAgent":"',
  '],"objectRef":{',
  '],"responseStatus":{',
  '],"requestReceivedTimestamp":"',
] as const;
const AFTER_OBJECT = ['},"responseStatus":{', '},"requestReceivedTimestamp":"'] as const;
const AFTER_STATUS = ['},"requestReceivedTimestamp":"'] as const;

/** One for each log that is read: it remembers what it saw. */
export class QuickParser {
  readonly #users = new Map<string, KnownUser>();
  readonly #sources = new Map<string, AuditEvent['sourceIPs']>();
  readonly #agents = new Map<string, string>();
  readonly #objects = new Map<string, AuditEvent['objectRef']>();
  readonly #annotations = new Map<string, AuditEvent['annotations']>();
  readonly #statuses = new Recent<AuditEvent['responseStatus']>(8, new Map());
  #line = '';
  #at = 0;

  parse(line: string): AuditEvent | undefined {
    if (!goesOnWith(line, 0, HEAD)) return undefined;
    this.#line = line;
    this.#at = HEAD.length;
    const event = this.#event();
    this.#line = '';
    return event;
  }

  #event(): AuditEvent | undefined {
    const auditID = this.#restOfString();
    const stage = this.#string(',"stage":"');
    const requestURI = this.#string(',"requestURI":"');
    const verb = this.#string(',"verb":"');
    if (auditID === undefined || stage === undefined || requestURI === undefined || verb === undefined)
      return undefined;
    const who = this.#skip(',"user":') ? this.#user() : undefined;
    if (who === undefined) return undefined;
    const { habits } = who;
    const event: AuditEvent = {
      auditID,
      stage,
      requestURI,
      verb,
      user: who.value,
      requestReceivedTimestamp: '',
      stageTimestamp: '',
    };
    if (this.#skip(',"impersonatedUser":')) {
      event.impersonatedUser = parsePart(impersonatedUser, this.#until(AFTER_IMPERSONATED));
      if (event.impersonatedUser === undefined) return undefined;
    }
    if (!this.#skip(',"sourceIPs":')) return undefined;
    event.sourceIPs = this.#part(habits.sources, sourceIPs, AFTER_SOURCES);
    if (event.sourceIPs === undefined) return undefined;
    if (this.#skip(',"userAgent":"')) {
      event.userAgent = this.#agent(habits.agents);
      if (event.userAgent === undefined) return undefined;
    }
    if (this.#skip(',"objectRef":')) {
      event.objectRef = this.#part(habits.objects, objectRef, AFTER_OBJECT);
      if (event.objectRef === undefined) return undefined;
    }
    if (this.#skip(',"responseStatus":')) {
      event.responseStatus = this.#part(this.#statuses, responseStatus, AFTER_STATUS);
      if (event.responseStatus === undefined) return undefined;
    }
    const received = this.#string(',"requestReceivedTimestamp":"');
    const staged = this.#string(',"stageTimestamp":"');
    if (received === undefined || staged === undefined) return undefined;
    event.requestReceivedTimestamp = received;
    event.stageTimestamp = staged;
    if (this.#skip(',"annotations":')) {
      event.annotations = this.#part(habits.annotations, annotations);
      if (event.annotations === undefined) return undefined;
    }
    const isEnd = this.#at === this.#line.length - 1 && this.#line.charCodeAt(this.#at) === 0x7d;
    return isEnd ? event : undefined;
  }

  #user(): KnownUser | undefined {
    const id = this.#line.indexOf(CREDENTIAL, this.#at);
    const key = id < 0 ? '' : this.#line.slice(id + CREDENTIAL.length, id + CREDENTIAL.length + KEY_LENGTH);
    const known = this.#users.get(key);
    if (known && goesOnWith(this.#line, this.#at, known.text)) {
      this.#at += known.text.length;
      return known;
    }
    const text = this.#until(AFTER_USER);
    const value = parsePart(user, text);
    if (value === undefined) return undefined;
    const habits: Habits = {
      sources: new Recent(3, this.#sources),
      agents: new Recent(3, this.#agents),
      objects: new Recent(6, this.#objects),
      annotations: new Recent(4, this.#annotations),
    };
    const made: KnownUser = { text: detached(text), value, habits };
    if (text.length <= MAX_TEXT) {
      if (this.#users.size >= MAX_KNOWN) this.#users.clear();
      this.#users.set(detached(key), made);
    }
    return made;
  }

  /** @param after what may follow; left out: the part is the line's last */
  #part<T>(recent: Recent<T>, schema: z.ZodType<T>, after?: readonly string[]): T | undefined {
    const known = recent.find(this.#line, this.#at);
    if (known) {
      this.#at += known.text.length;
      return known.value;
    }
    return recent.learn(after ? this.#until(after) : this.#rest(), (text) => parsePart(schema, text));
  }

  /** With its closing quote, so that none is the beginning of another. */
  #agent(recent: Recent<string>): string | undefined {
    const known = recent.find(this.#line, this.#at);
    if (known) {
      this.#at += known.text.length;
      return known.value;
    }
    const value = this.#restOfString();
    return value === undefined ? undefined : recent.learn(`${value}"`, () => detached(value));
  }

  #skip(text: string): boolean {
    if (!goesOnWith(this.#line, this.#at, text)) return false;
    this.#at += text.length;
    return true;
  }

  #string(key: string): string | undefined {
    return this.#skip(key) ? this.#restOfString() : undefined;
  }

  /** To the closing quote. Go escapes `&`, `<` and `>`, so every watch has escapes in its URI. */
  #restOfString(): string | undefined {
    const line = this.#line;
    let end = line.indexOf('"', this.#at);
    while (end >= 0 && isEscaped(line, end)) end = line.indexOf('"', end + 1);
    if (end < 0) return undefined;
    const text = line.slice(this.#at, end);
    this.#at = end + 1;
    if (!UNUSUAL.test(text)) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      return undefined;
    }
  }

  /**
   * To the first place where another field can begin. A quote inside a string is escaped, so a mark is never found in one;
   * found too early, in something nested, it leaves text that is no JSON.
   */
  #until(after: readonly string[]): string {
    let end = -1;
    for (const mark of after) {
      const found = this.#line.indexOf(mark, this.#at);
      if (found >= 0 && (end < 0 || found < end)) end = found;
    }
    return end < 0 ? '' : this.#take(end + 1);
  }

  #rest(): string {
    return this.#take(this.#line.length - 1);
  }

  #take(end: number): string {
    const text = this.#line.slice(this.#at, end);
    this.#at = end;
    return text;
  }
}

/** `startsWith` compares character by character, which takes ten times as long for texts like these. */
const goesOnWith = (line: string, at: number, text: string): boolean => line.slice(at, at + text.length) === text;

/** Undefined when the text is no such part. */
function parsePart<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** A copy that does not keep the whole line in memory, as a slice of it does. */
const detached = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');

/** Whether an odd number of backslashes stands before that index. */
function isEscaped(line: string, at: number): boolean {
  let before = at;
  while (line.charCodeAt(before - 1) === 0x5c) before -= 1;
  return (at - before) % 2 === 1;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape, or what JSON forbids in a string.
const UNUSUAL = /[\\\u0000-\u001f]/;
