/**
 * An observation on disk, with all that is needed to send it without parsing it again. Its value: checksum (8 bytes),
 * position (8), when it came (8, milliseconds), rank (1), length of its key (2), key, and the JSON of an envelope from
 * `kind` on.
 */
import type { Finding } from '../../shared/schema/alert.ts';
import { keyOf } from '../../shared/schema/envelope.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { isWhole, SEAL_BYTES, seal } from './seal.ts';

/** An observation, and what rules of scope `node` found in it. */
export interface Item {
  observation: Observation;
  findings: readonly Finding[];
}

export interface SpoolRecord {
  position: number;
  /** When it was put here, in milliseconds since 1970. */
  at: number;
  /** `rankOf`; undefined: never left out. */
  rank: number | undefined;
  /** `keyOf` */
  key: string;
  /** `"kind":…,"time":…,"observation":…,"findings":…}`, in UTF-8 */
  body: Buffer;
  /** How much of the spool's room it takes. */
  cost: number;
}

const POSITION = SEAL_BYTES;
const AT = POSITION + 8;
const RANK = AT + 8;
const KEY_LENGTH = RANK + 1;
const KEY = KEY_LENGTH + 2;
const NO_RANK = 255;

/** Beyond it a value has pages of its own. */
const LARGE = 2000;
const PAGE = 4096;
/** Of each entry, for its key and its place in the tree. */
const ENTRY = 32;

export const costOf = (value: Buffer): number =>
  ENTRY + (value.length > LARGE ? Math.ceil((value.length + 24) / PAGE) * PAGE : value.length);

export function encodeRecord({ observation, findings }: Item, position: number, at: number, rank?: number): Buffer {
  const key = keyOf(observation);
  const { kind, time } = observation;
  const body = `"kind":"${kind}","time":${time},"observation":${JSON.stringify(observation)},"findings":${JSON.stringify(findings)}}`;
  const keyBytes = Buffer.byteLength(key);
  const value = Buffer.allocUnsafe(KEY + keyBytes + Buffer.byteLength(body));
  value.writeDoubleLE(position, POSITION);
  value.writeDoubleLE(at, AT);
  value.writeUInt8(rank ?? NO_RANK, RANK);
  value.writeUInt16LE(keyBytes, KEY_LENGTH);
  value.write(key, KEY);
  value.write(body, KEY + keyBytes);
  return seal(value);
}

/** Undefined: it is damaged, or not the one of that position. */
export function decodeRecord(value: Buffer, position: number): SpoolRecord | undefined {
  if (value.length < KEY || !isWhole(value) || value.readDoubleLE(POSITION) !== position) return undefined;
  const body = KEY + value.readUInt16LE(KEY_LENGTH);
  const rank = value.readUInt8(RANK);
  return {
    position,
    at: value.readDoubleLE(AT),
    rank: rank === NO_RANK ? undefined : rank,
    key: value.toString('utf8', KEY, body),
    body: value.subarray(body),
    cost: costOf(value),
  };
}

/** What is in it, as it was put. */
export const observationOf = ({ body }: SpoolRecord): Observation =>
  (JSON.parse(`{${body.toString()}`) as { observation: Observation }).observation;

const HEARTBEAT = Buffer.from('"kind":"heartbeat"');
export const isHeartbeat = ({ body }: SpoolRecord): boolean =>
  body.compare(HEARTBEAT, 0, HEARTBEAT.length, 0, HEARTBEAT.length) === 0;
