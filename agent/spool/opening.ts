/** Opens the spool in a folder, or sets aside what is there and begins a new one. */
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import { unwritable } from '../state-folder.ts';
import { type Contents, readContents, type SpoolState, writeState } from './contents.ts';
import { type Database, isDamage, openDatabase } from './database.ts';
import { prepare, setAside, succeeded } from './place.ts';
import { Droppable } from './rank.ts';
import { isHeartbeat } from './record.ts';

export interface Opened<Place> extends Pick<Contents<Place>, 'held'> {
  database: Database;
  state: SpoolState<Place>;
  /** What everything in it takes. */
  bytes: number;
  /** How many there are. */
  records: number;
  droppable: Droppable;
  /** Position of the newest heartbeat in it; -1: there is none. */
  heartbeat: number;
  /** Why and where a spool was set aside, as a sentence. */
  setAside?: string;
}

/** @throws TruantError STATE_UNWRITABLE */
export async function openSpool<Place>(
  folder: string,
  place: ZodType<Place>,
  fresh: () => SpoolState<Place>,
  logger: Logger,
): Promise<Opened<Place>> {
  try {
    const problem = await prepare(folder);
    const opened = problem ?? (await open(folder, place, fresh));
    if (typeof opened !== 'string') return opened;
    const aside = await setAside(folder);
    logger.error({ folder, setAside: aside, problem: opened }, 'the spool cannot be used and was set aside');
    const again = (await prepare(folder)) ?? (await open(folder, place, fresh));
    if (typeof again === 'string') throw new Error(again);
    return { ...again, setAside: `The agent's spool could not be used (${opened}) and was set aside as ${aside}.` };
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** @returns the spool, or why what is there is none */
async function open<Place>(
  folder: string,
  place: ZodType<Place>,
  fresh: () => SpoolState<Place>,
): Promise<Opened<Place> | string> {
  let database: Database | undefined;
  try {
    database = openDatabase(folder);
    const opened = load(database, place, fresh);
    await succeeded(folder);
    return opened;
  } catch (error) {
    await database?.close();
    if (!isDamage(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function load<Place>(database: Database, place: ZodType<Place>, fresh: () => SpoolState<Place>): Opened<Place> {
  const droppable = new Droppable();
  let bytes = 0;
  let records = 0;
  let heartbeat = -1;
  const { state: found, held } = readContents(database, place, (record) => {
    const { position, rank, cost } = record;
    bytes += cost;
    records += 1;
    if (isHeartbeat(record)) heartbeat = position;
    if (rank !== undefined) droppable.add(rank, position);
  });
  for (const { cost } of held.values()) bytes += cost;
  const state = found ?? fresh();
  try {
    // Whether it can be written is seen now, free pages and all.
    database.commitNow(() => writeState(database, state));
  } catch (error) {
    // A full disk is waited for; what is there can be delivered meanwhile.
    if (isDamage(error) || !found) throw error;
  }
  return { database, state, held, bytes, records, droppable, heartbeat };
}
