/** What lines and tables show of an alert. A newer collector may say more. */
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { Severity } from '../../shared/schema/alert.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';

export const AlertRow = z.looseObject({
  id: z.string(),
  title: z.string(),
  severity: Severity,
  confidence: z.string(),
  status: z.string(),
  assignee: z.string().optional(),
  principal: z.string(),
  lastSeen: z.string(),
  sources: z.array(z.looseObject({ address: z.string(), where: z.string() })),
  resolution: z.looseObject({ reason: z.string() }).optional(),
});
export type AlertRow = z.infer<typeof AlertRow>;

/** `2030-01-31 12:00:00`, of RFC 3339 in UTC. */
export const whenText = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** `203.0.113.9 (internet)`, the one it was used from most. */
export const fromText = ({ sources: [source] }: Pick<AlertRow, 'sources'>): string =>
  source ? `${source.address} (${source.where})` : '';

/** `closed: benign` */
export const statusText = ({ status, resolution }: Pick<AlertRow, 'status' | 'resolution'>): string =>
  resolution ? `${status}: ${resolution.reason}` : status;

/** `2030-01-31 12:00` */
const MINUTES = 16;
/** An IPv4 address is whole. */
const ADDRESS = 15;

export function alertColumns(style: Style): Column<AlertRow>[] {
  return [
    { heading: 'SEVERITY', cell: ({ severity }) => severity, paint: ({ severity }) => style.severity(severity) },
    { heading: 'SURE', cell: ({ confidence }) => confidence, spare: 2 },
    { heading: 'STATUS', cell: statusText, min: 12, spare: 2 },
    { heading: 'LAST SEEN', cell: ({ lastSeen }) => whenText(lastSeen).slice(0, MINUTES) },
    { heading: 'PRINCIPAL', cell: ({ principal }) => nameOf(principal), min: 10 },
    { heading: 'USED FROM', cell: ({ sources: [source] }) => source?.address ?? '', min: ADDRESS },
    { heading: 'WHERE', cell: ({ sources: [source] }) => source?.where ?? '', spare: 2 },
    { heading: 'TITLE', cell: ({ title }) => title, min: 16, spare: 1 },
    { heading: 'ASSIGNEE', cell: ({ assignee = '' }) => assignee, min: 8, spare: 3 },
    { heading: 'ID', cell: ({ id }) => id },
  ];
}
