/** What of the alerts is asked for, as it stands in the page's address. */
import type { AlertStatus, Severity } from '../../../../../shared/schema/alert.ts';
import type { Query } from '../../api/client.ts';

type Address = Readonly<Record<string, string | undefined>>;

export const STATUSES = ['open', 'acknowledged', 'closed'] as const satisfies readonly AlertStatus[];
const USUAL_STATUSES = 'open,acknowledged';

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** Whether alerts of this severity are asked for, where a severity asks for itself and what is worse. */
export function isAtLeast(severity: Severity, asked: string | undefined): boolean {
  const least = SEVERITIES.findIndex((one) => one === asked);
  return least >= 0 && SEVERITIES.indexOf(severity) <= least;
}

/** Those that are chosen from what there is. */
export const PICKED = ['principal', 'rule', 'cluster'] as const;
/** Those that narrow down what is listed; each can be taken away again. */
export const NARROWING = ['severity', ...PICKED, 'source', 'assignee', 'since', 'until', 'q'] as const;

/** Closed alerts are asked for by name only. */
export function filterOf(address: Address): Query {
  const filter: Record<string, string | undefined> = { status: address['status'] ?? USUAL_STATUSES };
  for (const name of NARROWING) filter[name] = address[name];
  return filter;
}

export const without = (filter: Query, names: readonly string[]): Query =>
  Object.fromEntries(Object.entries(filter).filter(([name]) => !names.includes(name)));

export const ORDERS = { worst: 'Worst first', newest: 'Newest first', latest: 'Latest seen first' } as const;
export type Order = keyof typeof ORDERS;

export const orderOf = (address: Address): Order =>
  Object.keys(ORDERS).find((order): order is Order => order === address['order']) ?? 'worst';

export const statusesOf = (address: Address): AlertStatus[] => {
  const asked = (address['status'] ?? USUAL_STATUSES).split(',');
  return STATUSES.filter((status) => asked.includes(status));
};

/** What the address then says. Null: the usual, which is also what choosing none means. */
export function withStatus(address: Address, status: AlertStatus): string | null {
  const now = statusesOf(address);
  const text = STATUSES.filter((one) => (one === status) !== now.includes(one)).join(',');
  return text === '' || text === USUAL_STATUSES ? null : text;
}
