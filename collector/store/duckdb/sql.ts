/** Between DuckDB's values and ours. SQL is always parameterised: no value ever becomes part of a statement's text. */
import {
  BIGINT,
  BOOLEAN,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBResultReader,
  type DuckDBType,
  DuckDBUUIDValue,
  type DuckDBValue,
  LIST,
  listValue,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import { COLUMNS, type Column, type Row } from './row.ts';

/** One value; numbers are whole, and go as BIGINT, which is what the columns are. */
type Scalar = string | number | boolean | DuckDBUUIDValue;
/** What a parameter can be; a list has at least one item. */
export type Parameter = Scalar | readonly Scalar[] | null;

export type Condition = readonly [sql: string, ...values: (Parameter | undefined)[]];

export interface Where {
  /** `WHERE ...`, or nothing. */
  sql: string;
  values: Parameter[];
}

/**
 * All conditions that have their values (`?` stands for one); the others are left out.
 *
 * @param values of the statement so far; numbers go on after them, and theirs are added
 */
export function where(conditions: readonly Condition[], values: Parameter[] = []): Where {
  const terms: string[] = [];
  for (const [sql, ...given] of conditions) {
    if (given.includes(undefined)) continue;
    let next = 0;
    const numbered = sql.replaceAll('?', () => {
      values.push(given[next++] as Parameter);
      return `$${values.length}`;
    });
    terms.push(`(${numbered})`);
  }
  return { sql: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`, values };
}

export async function query(
  connection: DuckDBConnection,
  sql: string,
  values: readonly Parameter[] = [],
): Promise<Record<string, unknown>[]> {
  return (await run(connection, sql, values)).getRowObjectsJS();
}

/** Of a statement that selects `COLUMN_LIST`. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
  values: readonly Parameter[] = [],
): Promise<Row[]> {
  const reader = await run(connection, sql, values);
  const columns = reader.getColumnsJS();
  const rows: Record<string, unknown>[] = Array.from({ length: reader.currentRowCount }, () => ({}));
  for (const [position, name] of NAMES.entries()) {
    const type = COLUMNS[name];
    for (const [index, value] of (columns[position] ?? []).entries()) {
      const row = rows[index] as Record<string, unknown>;
      // Every row gets every property, so that all have one shape.
      if (value === null) row[name] = undefined;
      else if (type === 'integer') row[name] = Number(value);
      else row[name] = type === 'id' ? idText(value) : value;
    }
  }
  return rows;
}

function run(connection: DuckDBConnection, sql: string, values: readonly Parameter[]): Promise<DuckDBResultReader> {
  const bound = values.map(bind);
  return connection.runAndReadAll(
    sql,
    bound.map(([value]) => value),
    bound.map(([, type]) => type),
  );
}

function bind(value: Parameter): [DuckDBValue, DuckDBType] {
  if (value === null || typeof value === 'string') return [value, VARCHAR];
  if (typeof value === 'number') return [BigInt(value), BIGINT];
  if (typeof value === 'boolean') return [value, BOOLEAN];
  if (value instanceof DuckDBUUIDValue) return [value, UUID];
  const items = value.map(bind);
  return [listValue(items.map(([item]) => item)), LIST(items[0]?.[1] ?? VARCHAR)];
}

/** Whole numbers come back as bigint when they may be large. */
export function toNumber(value: unknown): number {
  return Number(value);
}

/** `0123...` (32 hex digits) as DuckDB's UUID. */
export function idValue(id: string): DuckDBUUIDValue {
  return DuckDBUUIDValue.fromUint128(BigInt(`0x${id}`));
}

/** DuckDB's UUID as 32 hex digits. */
export function idText(value: unknown): string {
  return (value as string).replaceAll('-', '');
}

const NAMES = Object.keys(COLUMNS) as Column[];
export const COLUMN_LIST = NAMES.join(', ');

/**
 * Appends one row an item. A half-written appender is emptied: it would flush whatever it holds when it is collected,
 * long after its transaction.
 */
export async function append<Item>(
  connection: DuckDBConnection,
  table: string,
  items: readonly Item[],
  appendItem: (appender: DuckDBAppender, item: Item) => void,
): Promise<void> {
  if (items.length === 0) return;
  const appender = await connection.createAppender(table);
  try {
    for (const item of items) {
      appendItem(appender, item);
      appender.endRow();
    }
    appender.flushSync();
  } catch (error) {
    appender.clear();
    throw error;
  } finally {
    appender.closeSync();
  }
}

export function appendText(appender: DuckDBAppender, value: string | null | undefined): void {
  if (value == null) appender.appendNull();
  else appender.appendVarchar(value);
}

export function appendNumber(appender: DuckDBAppender, value: number): void {
  appender.appendBigInt(BigInt(value));
}

/** The observation's columns; there may be more in the table. */
export function appendColumns(appender: DuckDBAppender, row: Row): void {
  for (const name of NAMES) {
    const value = row[name];
    if (value === undefined) appender.appendNull();
    else if (COLUMNS[name] === 'id') appender.appendUUID(idValue(value as string));
    else if (typeof value === 'string') appender.appendVarchar(value);
    else if (typeof value === 'number') appendNumber(appender, value);
    else appender.appendBoolean(value);
  }
}
