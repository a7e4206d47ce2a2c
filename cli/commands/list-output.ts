/** Lists that a collector sends, for people as a table and for programs as JSON lines. */
import type { z } from 'zod';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { jsonLine } from '../ui/json.ts';
import { type Column, renderTable } from '../ui/table.ts';

/** Rows that a table is fitted to at a time: what comes after may have other widths, but needs not be waited for. */
const BLOCK = 500;

export interface ListOutput<Row> {
  json: boolean;
  limit: number;
  /** How an item is read for the table. */
  schema: z.ZodType<Row>;
  columns: readonly Column<Row>[];
  /** `no alerts` */
  none: string;
  /** Which come first. Left out: the newest. */
  first?: string | undefined;
}

export async function printList<Row>(
  items: AsyncIterable<unknown> | Iterable<unknown>,
  output: ListOutput<Row>,
  io: Io,
): Promise<void> {
  let block: Row[] = [];
  let shown = 0;
  const printBlock = async (): Promise<void> => {
    const [headings = '', ...lines] = renderTable(output.columns, block, io.stdout.columns);
    if (shown === 0) await writeLine(io.stdout, headings);
    for (const line of lines) await writeLine(io.stdout, line);
    shown += block.length;
    block = [];
  };

  for await (const item of items) {
    if (output.json) {
      await writeLine(io.stdout, jsonLine(item));
      continue;
    }
    block.push(readAs(output.schema, item));
    if (block.length >= BLOCK) await printBlock();
  }
  if (block.length > 0) await printBlock();
  if (output.json) return;
  if (shown === 0) await writeLine(io.stdout, output.none);
  if (shown < output.limit) return;
  io.stderr.write(
    `the ${output.first ?? 'newest'} ${shown === 1 ? 'one is' : `${shown} are`} shown; --limit shows more\n`,
  );
}
