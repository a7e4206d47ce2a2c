/**
 * In which hours a credential occurs. A credential mostly lives an hour and has tens of millions of others around it: whoever
 * asks for one reads only the rows of its time. Hours are told too often rather than missed: two credentials may share a
 * number, and after a start hours are told again.
 */
import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Recorded } from '../../../shared/schema/observation.ts';
import { HOUR, type Micros } from '../../../shared/time.ts';
import type { HistoryFilter } from '../store.ts';
import { append, appendNumber, query, toNumber } from './sql.ts';

/** How many pairs are remembered as told: some tens of megabytes. */
const MOST_REMEMBERED = 400_000;

export class CredentialHours {
  readonly #told = new Map<number, Set<number>>();
  #remembered = 0;

  /** Inside a transaction that the caller holds; should that fail, `forget`. */
  async tell(connection: DuckDBConnection, observations: Iterable<Recorded>): Promise<void> {
    const added: [hour: number, credential: number][] = [];
    for (const observation of observations) {
      const hour = Math.floor(observation.time / HOUR);
      for (const id of credentialsOf(observation)) {
        const credential = numberOf(id);
        if (this.#isNew(hour, credential)) added.push([hour, credential]);
      }
    }
    await append(connection, 'credential_hours', added, (appender, [hour, credential]) => {
      appendNumber(appender, hour);
      appender.appendUInteger(credential);
    });
  }

  forget(): void {
    this.#told.clear();
    this.#remembered = 0;
  }

  #isNew(hour: number, credential: number): boolean {
    if (this.#remembered >= MOST_REMEMBERED) this.forget();
    const told = this.#told.get(hour) ?? new Set();
    if (told.has(credential)) return false;
    this.#told.set(hour, told.add(credential));
    this.#remembered += 1;
    return true;
  }
}

function credentialsOf(observation: Recorded): string[] {
  switch (observation.kind) {
    case 'use':
      return [observation.credential.id];
    case 'issue':
      return [observation.actor.credential?.id, observation.issued].filter((id) => id !== undefined);
    case 'entry':
      return observation.actor.credential ? [observation.actor.credential.id] : [];
    case 'read':
    case 'file':
      return observation.credential ? [observation.credential.id] : [];
    case 'denied':
    case 'status':
      return [];
  }
}

/** As DuckDB's `md5` says of the same text: of what it stores, which is well-formed. */
const numberOf = (id: string): number => createHash('md5').update(id).digest().readUInt32BE(0);

export interface Span {
  from: Micros;
  /** Not in it any more. */
  until: Micros;
}

/** From the first hour in which it may occur to the last. Undefined: it does not occur. */
export async function spanOf(connection: DuckDBConnection, credential: string): Promise<Span | undefined> {
  const [row] = await query(
    connection,
    'SELECT min(hour) AS first, max(hour) AS last FROM credential_hours WHERE credential = CAST($1 AS UINTEGER)',
    [numberOf(credential)],
  );
  if (row?.['first'] == null) return undefined;
  return { from: toNumber(row['first']) * HOUR, until: (toNumber(row['last']) + 1) * HOUR };
}

/** The same question, of the time alone in which there can be an answer. Undefined: there is none. */
export async function narrowed<Filter extends HistoryFilter>(
  connection: DuckDBConnection,
  filter: Filter,
): Promise<Filter | undefined> {
  if (filter.credential === undefined) return filter;
  const span = await spanOf(connection, filter.credential);
  if (!span) return undefined;
  const since = Math.max(span.from, filter.since ?? span.from);
  return { ...filter, since, until: Math.min(span.until, filter.until ?? span.until) };
}

/** Of hours of which nothing is kept any more. */
export async function forgetOldHours(connection: DuckDBConnection): Promise<void> {
  await connection.run(`DELETE FROM credential_hours WHERE hour < (SELECT min(time) // ${HOUR} FROM history)`);
}
