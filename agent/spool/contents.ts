/** What a spool holds, as it is found when it is opened: read from end to end, so that damage is known before anything is sent. */
import { type ZodType, z } from 'zod';
import { Observation } from '../../shared/schema/observation.ts';
import type { Database } from './database.ts';
import { decodeRecord, type SpoolRecord } from './record.ts';
import { sealText, textOf } from './seal.ts';

/** The one entry of `meta`. */
const STATE = 'state';

/** What goes with every commit. */
export interface SpoolState<Place> {
  format: 1;
  /** Of the stream; made anew with the spool: an agent that forgot where it was begins another, never the same one again. */
  uuid: string;
  /** Position of the next observation. */
  next: number;
  /** Null: it never stood anywhere. */
  checkpoint: Place | null;
  lost: Losses;
}

/** Observations of token files that were left out and not told of. */
export interface Losses {
  count: number;
  /** When the newest was seen. */
  seen: number;
}

export interface Contents<Place> {
  /** Undefined: it is new. */
  state: SpoolState<Place> | undefined;
  /** By name: what waits to be released. */
  held: Map<string, { observation: Observation; cost: number }>;
}

/** The file is an LMDB file, but not a spool that is whole. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

const stateOf = <Place>(place: ZodType<Place>): ZodType<SpoolState<Place>> =>
  z.strictObject({
    format: z.literal(1),
    uuid: z.uuid(),
    next: z.int().nonnegative(),
    checkpoint: place.nullable(),
    lost: z.strictObject({ count: z.int().nonnegative(), seen: z.int().nonnegative() }),
  });

export function writeState<Place>({ meta }: Database, state: SpoolState<Place>): void {
  void meta.put(STATE, sealText(JSON.stringify(state)));
}

/**
 * @param onRecord called with each record, in order
 * @throws DamagedError, or what LMDB says
 */
export function readContents<Place>(
  { records, held, meta }: Database,
  place: ZodType<Place>,
  onRecord: (record: SpoolRecord) => void,
): Contents<Place> {
  const stored = meta.get(STATE);
  const state = stored && parsed(stateOf(place), stored, 'its state');
  let last = -1;
  for (const { key, value } of records.getRange({})) {
    const record = decodeRecord(value, key);
    if (!record) throw new DamagedError('a record in it is damaged');
    onRecord(record);
    last = key;
  }
  if (last >= (state?.next ?? 0)) throw new DamagedError('it holds more than its state says');
  const waiting: Contents<Place>['held'] = new Map();
  for (const { key, value } of held.getRange({})) {
    waiting.set(key, { observation: parsed(Observation, value, 'an observation in it'), cost: value.length });
  }
  return { state, held: waiting };
}

function parsed<T>(schema: ZodType<T>, value: Buffer, what: string): T {
  const text = textOf(value);
  if (text === undefined) throw new DamagedError(`${what} is damaged`);
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DamagedError(`${what} is not of this version`, { cause });
  }
}
