/**
 * Reads an audit line in the one form in which kube-apiserver writes it (fields in order, no spaces), without building a
 * tree of it. The parts that repeat from line to line (who, about what, why allowed) are parsed once and remembered by
 * their text. Anything unusual gives `undefined`, and the line is parsed in full: the two give the same or this gives
 * nothing, which a property test holds.
 */
import type { z } from 'zod';
import { AuditEvent } from '../schema/audit-event.ts';

/** Distinct texts remembered of each part. */
const MAX_REMEMBERED = 20_000;
/** Longer texts are not remembered: they would be rare, and costly to keep. */
const MAX_TEXT = 4096;

const { user, impersonatedUser, sourceIPs, objectRef, responseStatus, annotations } = AuditEvent.shape;

/** Parses one part of an event, remembering what each text gave. */
class Part<T> {
  readonly #schema: z.ZodType<T>;
  readonly #known = new Map<string, T>();

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  /** Undefined when the text is no such part. What is returned is shared: it must not be changed. */
  read(text: string): T | undefined {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return undefined;
    }
    const parsed = this.#schema.safeParse(json);
    if (!parsed.success) return undefined;
    if (text.length <= MAX_TEXT) {
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      this.#known.set(text, parsed.data);
    }
    return parsed.data;
  }
}

const HEAD = /^\{"kind":"Event","apiVersion":"audit\.k8s\.io\/v1","level":"Metadata","auditID":"/;
const HEAD_LENGTH = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"'.length;

/** One a process would do; one a source keeps what it remembers apart. */
export class QuickParser {
  readonly #user = new Part(user);
  readonly #impersonated = new Part(impersonatedUser);
  readonly #sources = new Part(sourceIPs);
  readonly #ref = new Part(objectRef);
  readonly #status = new Part(responseStatus);
  readonly #annotations = new Part(annotations);
  #line = '';
  #at = 0;

  parse(line: string): AuditEvent | undefined {
    if (!HEAD.test(line)) return undefined;
    this.#line = line;
    this.#at = HEAD_LENGTH;
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
    if (!this.#skip(',"user":')) return undefined;
    const who = this.#user.read(this.#until(',"sourceIPs":[', ',"impersonatedUser":{'));
    if (who === undefined) return undefined;
    const event: AuditEvent = {
      auditID,
      stage,
      requestURI,
      verb,
      user: who,
      requestReceivedTimestamp: '',
      stageTimestamp: '',
    };
    if (this.#skip(',"impersonatedUser":')) {
      event.impersonatedUser = this.#impersonated.read(this.#until(',"sourceIPs":['));
      if (event.impersonatedUser === undefined) return undefined;
    }
    if (!this.#skip(',"sourceIPs":')) return undefined;
    event.sourceIPs = this.#sources.read(this.#array());
    if (event.sourceIPs === undefined) return undefined;
    if (this.#skip(',"userAgent":"')) {
      event.userAgent = this.#restOfString();
      if (event.userAgent === undefined) return undefined;
    }
    if (this.#skip(',"objectRef":')) {
      event.objectRef = this.#ref.read(this.#until(',"responseStatus":{', ',"requestReceivedTimestamp":"'));
      if (event.objectRef === undefined) return undefined;
    }
    if (this.#skip(',"responseStatus":')) {
      event.responseStatus = this.#status.read(this.#until(',"requestReceivedTimestamp":"'));
      if (event.responseStatus === undefined) return undefined;
    }
    const received = this.#string(',"requestReceivedTimestamp":"');
    const staged = this.#string(',"stageTimestamp":"');
    if (received === undefined || staged === undefined) return undefined;
    event.requestReceivedTimestamp = received;
    event.stageTimestamp = staged;
    if (this.#skip(',"annotations":')) {
      event.annotations = this.#annotations.read(this.#line.slice(this.#at, -1));
      this.#at = this.#line.length - 1;
      if (event.annotations === undefined) return undefined;
    }
    const isEnd = this.#at === this.#line.length - 1 && this.#line.charCodeAt(this.#at) === 0x7d;
    return isEnd ? event : undefined;
  }

  #skip(text: string): boolean {
    if (!this.#line.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #string(key: string): string | undefined {
    return this.#skip(key) ? this.#restOfString() : undefined;
  }

  /** To the closing quote; a string with an escape or a control character in it is left to the full parse. */
  #restOfString(): string | undefined {
    const end = this.#line.indexOf('"', this.#at);
    if (end < 0) return undefined;
    const text = this.#line.slice(this.#at, end);
    if (UNUSUAL.test(text)) return undefined;
    this.#at = end + 1;
    return text;
  }

  /**
   * To the first place where another field can begin. A quote inside a string is escaped, so a mark is never found in one;
   * found too early, in something nested, it leaves text that is no JSON.
   */
  #until(...marks: readonly string[]): string {
    let end = -1;
    for (const mark of marks) {
      const found = this.#line.indexOf(`}${mark}`, this.#at);
      if (found >= 0 && (end < 0 || found < end)) end = found;
    }
    if (end < 0) return '';
    const text = this.#line.slice(this.#at, end + 1);
    this.#at = end + 1;
    return text;
  }

  #array(): string {
    const end = this.#line.indexOf(']', this.#at);
    if (end < 0) return '';
    const text = this.#line.slice(this.#at, end + 1);
    this.#at = end + 1;
    return text;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings, so the full parse has to say no.
const UNUSUAL = /[\\\u0000-\u001f]/;
