/** The forms in which the history leaves: pages of it in, pieces of a file out, one page in memory at a time. */
import { stringify } from 'csv-stringify/sync';
import { formatTime } from '../../../shared/time.ts';
import type { HistoryItem } from '../../store/store.ts';
import type { ExportFormat } from '../parameters.ts';
import { FLAT_COLUMNS, type FlatColumn, type FlatRow, flatRow } from './flat-row.ts';
import { parquet } from './parquet.ts';

export type Pages = AsyncIterable<readonly HistoryItem[]>;

export interface Form {
  mediaType: string;
  write(pages: Pages): AsyncGenerator<string | Uint8Array>;
}

export const FORMS: Readonly<Record<ExportFormat, Form>> = {
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', write: csv },
  ndjson: { mediaType: 'application/x-ndjson', write: ndjson },
  parquet: { mediaType: 'application/vnd.apache.parquet', write: parquet },
};

const NAMES = Object.keys(FLAT_COLUMNS) as FlatColumn[];
/** RFC 4180, which quotes half a line's end too; and what a spreadsheet would take for a formula begins with an apostrophe. */
const CSV = { record_delimiter: '\r\n', quoted_match: /[\r\n]/, escape_formulas: true, columns: NAMES };

async function* csv(pages: Pages): AsyncGenerator<string> {
  yield stringify([NAMES], CSV);
  for await (const page of pages)
    yield stringify(
      page.map((item) => inWords(flatRow(item))),
      CSV,
    );
}

function inWords(row: FlatRow): Record<string, string | number | undefined> {
  const expiresAt = row.expiresAt === undefined ? undefined : formatTime(row.expiresAt);
  return { ...row, time: formatTime(row.time ?? 0), expiresAt };
}

/** As the API's pages have them. */
async function* ndjson(pages: Pages): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((item) => `${JSON.stringify(item)}\n`).join('');
}
