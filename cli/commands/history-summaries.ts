/** The history in sums: how many of each, and how many when. */
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { formatTime, type Micros } from '../../shared/time.ts';
import type { Api, Query } from '../api.ts';
import { type Io, writeLine } from '../io.ts';
import { readAs } from '../read-as.ts';
import { whenText } from '../ui/alert-cells.ts';
import { renderHistogram, ShownHistogram } from '../ui/histogram.ts';
import { jsonLine } from '../ui/json.ts';
import { speaksUtf8 } from '../ui/locale.ts';
import { createStyle, type Style } from '../ui/style.ts';
import { type Column, renderTable } from '../ui/table.ts';
import { DEFAULT_LIMIT } from './api-options.ts';

const Group = z.looseObject({
  value: z.string().nullable(),
  count: z.number(),
  away: z.number(),
  refused: z.number(),
  firstSeen: z.number(),
  lastSeen: z.number(),
});
type Group = z.infer<typeof Group>;
const Groups = z.looseObject({ groups: z.array(z.unknown()), total: z.number() });

/** Most that the collector sums up at once. */
const MOST = 1000;

interface Form {
  json: boolean;
  limit: number | undefined;
}

export async function showGroups(api: Api, query: Query, { json, limit = DEFAULT_LIMIT }: Form, io: Io): Promise<void> {
  const answer = await api.get('api/v1/history/groups', { ...query, limit: Math.min(limit, MOST) });
  const { groups, total } = readAs(Groups, answer);
  const lines = json ? groups.map(jsonLine) : table(String(query['by']), groups, io);
  for (const line of lines) await writeLine(io.stdout, line);
  if (groups.length < total) io.stderr.write(`${groups.length} of ${total} are shown; --limit shows more\n`);
}

function table(by: string, groups: readonly unknown[], io: Io): string[] {
  if (groups.length === 0) return ['nothing happened'];
  const rows = readAs(z.array(Group), groups);
  return renderTable(columns(by, createStyle(io, io.stdout)), rows, io.stdout.columns);
}

function columns(by: string, style: Style): Column<Group>[] {
  return [
    {
      heading: by.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase(),
      cell: ({ value }) => (value === null ? 'none' : by === 'principal' ? nameOf(value) : value),
      min: 12,
    },
    { heading: 'COUNT', cell: ({ count }) => String(count), align: 'right' },
    {
      heading: 'AWAY',
      cell: ({ away }) => String(away),
      align: 'right',
      paint: ({ away }) => (away > 0 ? style.red : style.dim),
    },
    { heading: 'REFUSED', cell: ({ refused }) => String(refused), align: 'right' },
    { heading: 'FIRST SEEN', cell: ({ firstSeen }) => timeText(firstSeen) },
    { heading: 'LAST SEEN', cell: ({ lastSeen }) => timeText(lastSeen) },
  ];
}

const timeText = (time: Micros): string => whenText(formatTime(time));

/** As JSON it is one object, as the collector sent it. */
export async function showHistogram(api: Api, query: Query, json: boolean, io: Io): Promise<void> {
  const answer = await api.get('api/v1/history/histogram', query);
  const histogram = readAs(ShownHistogram, answer);
  const shape = { width: io.stdout.columns ?? 100, utf8: speaksUtf8(io.env), style: createStyle(io, io.stdout) };
  for (const line of json ? [jsonLine(answer)] : renderHistogram(histogram, shape)) await writeLine(io.stdout, line);
}
