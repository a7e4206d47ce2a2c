/**
 * Records from outside as something to work with. Each stands for itself: one that is not right is set aside with its
 * reason, and does not hold up all the others.
 */
import { z } from 'zod';
import { Finding } from '../../shared/schema/alert.ts';
import { Envelope, MAX_FINDINGS } from '../../shared/schema/envelope.ts';
import { Observation } from '../../shared/schema/observation.ts';
import { DAY, type Micros } from '../../shared/time.ts';
import type { Intake } from '../correlate/correlation.ts';
import type { ArrivedRecord } from '../store/store.ts';

/** The closed list of why something is set aside. */
export const REJECTIONS = [
  'not-json',
  'not-an-envelope',
  'too-large',
  'unknown-kind',
  'malformed',
  'in-the-future',
  'foreign-node',
  'finding-malformed',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** Who sent a record, and its number. */
export type Head = Pick<Envelope, 'cluster' | 'agent' | 'stream' | 'position'>;

export interface Decoded {
  /** Undefined: not even that can be told. */
  head: Head | undefined;
  /** Null: set aside. Its number in the stream is used up all the same. */
  observation: Observation | null;
  findings: Finding[];
  /** Why the observation, or a finding of it, was set aside. */
  rejection: Rejection | undefined;
}

const Outline = z.strictObject({
  ...Envelope.shape,
  observation: z.unknown(),
  findings: z.array(z.unknown()).max(MAX_FINDINGS),
});
const KINDS = new Set<unknown>(Observation.options.map(({ shape }) => shape.kind.value));

/** Clocks differ; more than this they don't. An observation from the far future would bend every decision about time. */
const AHEAD: Micros = DAY;
/** An observation is some kilobytes; its longest texts are bounded. */
const MAX_BYTES = 1024 * 1024;
/** More lists and objects than the largest honest record has: one of a megabyte could otherwise become a hundred of objects. */
const MAX_NODES = 10_000;

/** @param value an `Envelope` as JSON, UTF-8, from anybody */
export function decodeEnvelope(value: Buffer, now: Micros): Decoded {
  if (value.length > MAX_BYTES || countNodes(value) > MAX_NODES) return aside('too-large');
  const json = parsed(value);
  if (json === undefined) return aside('not-json');
  const outline = Outline.safeParse(json);
  if (!outline.success) return aside('not-an-envelope');
  const { cluster, agent, stream, position, kind, time, observation: candidate, findings: candidates } = outline.data;
  if (!stream.startsWith(`${cluster}/${agent}/`) || position >= Number.MAX_SAFE_INTEGER)
    return aside('not-an-envelope');
  const head: Head = { cluster, agent, stream, position };
  const { data: observation, success } = Observation.safeParse(candidate);
  if (!success) return aside(KINDS.has(kind) ? 'malformed' : 'unknown-kind', head);
  if (observation.kind !== kind || observation.time !== time) return aside('malformed', head);
  if (observation.time > now + AHEAD || observation.seen > now + AHEAD) return aside('in-the-future', head);
  // How an agent is, is for itself to say.
  if (observation.kind === 'heartbeat' && observation.node !== agent) return aside('foreign-node', head);
  const findings = findingsOf(observation, candidates);
  const rejection = findings.length < candidates.length ? 'finding-malformed' : undefined;
  return { head, observation, findings, rejection };
}

/** Those that are right: one of a rule, and about what they come with. */
function findingsOf({ id, time }: Observation, candidates: readonly unknown[]): Finding[] {
  const byRule = new Map<string, Finding>();
  for (const candidate of candidates) {
    const { data: finding } = Finding.safeParse(candidate);
    const isAboutIt = finding?.observations[0] === id && finding.time === time;
    if (isAboutIt && !byRule.has(finding.rule)) byRule.set(finding.rule, finding);
  }
  return [...byRule.values()];
}

export const aside = (rejection: Rejection, head?: Head): Decoded => ({
  head,
  observation: null,
  findings: [],
  rejection,
});

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

const [QUOTE, BACKSLASH, BRACKET, BRACE] = [0x22, 0x5c, 0x5b, 0x7b];

/** Brackets in texts don't count: what processes and clients call themselves is their own choice. */
function countNodes(value: Buffer): number {
  let nodes = 0;
  let isText = false;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === BRACE || byte === BRACKET) nodes += 1;
  }
  return nodes;
}

/** Records of one cluster that followed each other. */
export interface Gathered {
  intake: Intake;
  /** Where they end: the index after the last of them. */
  until: number;
}

/** Runs of records of one cluster, in order, each sorted into its streams. A record without a head is in none. */
export function gather(decoded: readonly Decoded[]): Gathered[] {
  const gathered: Gathered[] = [];
  let streams = new Map<string, ArrivedRecord[]>();
  for (const [index, { head, observation, findings }] of decoded.entries()) {
    if (!head) continue;
    const { cluster, agent, stream, position } = head;
    let last = gathered.at(-1);
    if (last?.intake.cluster !== cluster) {
      last = { intake: { cluster, arrivals: [], findings: [] }, until: index };
      gathered.push(last);
      streams = new Map();
    }
    let records = streams.get(stream);
    if (!records) {
      records = [];
      streams.set(stream, records);
      last.intake.arrivals.push({ cluster, agent, stream, records });
    }
    records.push({ position, observation });
    last.intake.findings.push(...findings);
    last.until = index + 1;
  }
  return gathered;
}
