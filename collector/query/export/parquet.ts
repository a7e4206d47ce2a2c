/** Parquet, a row group at a time: what is written is handed on, and forgotten. */
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { HistoryItem } from '../../store/store.ts';
import { FLAT_COLUMNS, type FlatColumn, type FlatRow, flatRow } from './flat-row.ts';

/** Rows of a group: enough for columns to be compressed well, few enough to be held. */
const GROUP = 10_000;
const NAMES = Object.keys(FLAT_COLUMNS) as FlatColumn[];

const ELEMENTS = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  number: { type: 'INT64' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
} as const satisfies Record<string, Omit<SchemaElement, 'name'>>;

const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: NAMES.length },
  ...NAMES.map((name): SchemaElement => ({ name, repetition_type: 'OPTIONAL', ...ELEMENTS[FLAT_COLUMNS[name]] })),
];

export async function* parquet(pages: AsyncIterable<readonly HistoryItem[]>): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: SCHEMA, createdBy: 'truant' });
  let rows: FlatRow[] = [];
  const write = (): Uint8Array => {
    void writer.write({ columnData: NAMES.map((name) => column(name, rows)), rowGroupSize: GROUP });
    rows = [];
    return taken(bytes);
  };
  for await (const page of pages) {
    for (const item of page) rows.push(flatRow(item));
    if (rows.length >= GROUP) yield write();
  }
  if (rows.length > 0) yield write();
  void writer.finish();
  yield taken(bytes);
}

function column(name: FlatColumn, rows: readonly FlatRow[]): ColumnSource {
  const isText = FLAT_COLUMNS[name] === 'text';
  const data = rows.map((row) => {
    const value = row[name];
    if (value === undefined) return null;
    return isText ? value : BigInt(value);
  });
  // An index of pages would be kept until the end.
  return { name, data, offsetIndex: false };
}

/** Where it is in the file it goes on counting by itself. */
function taken(bytes: ByteWriter): Uint8Array {
  const copy = bytes.getBytes().slice();
  bytes.index = 0;
  return copy;
}
