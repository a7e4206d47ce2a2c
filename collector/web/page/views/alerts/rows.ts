/** The listed alerts while they change: rows stay where they are. */
import type { AlertsPage } from '../../../../query/schemas/alerts.ts';

type LiveAlert = AlertsPage['items'][number];

type Named = Pick<LiveAlert, 'cluster' | 'id'>;

/** The same id may be known in several clusters. */
export const keyOf = ({ cluster, id }: Named): string => JSON.stringify([cluster, id]);

const known = (rows: readonly LiveAlert[]): Set<string> => new Set(rows.map(keyOf));

/** The alerts in place of what they were before; those that are not listed are left out. */
export function withChanges(rows: readonly LiveAlert[], changed: readonly LiveAlert[]): LiveAlert[] {
  const news = new Map(changed.map((alert) => [keyOf(alert), alert]));
  return rows.map((row) => {
    const now = news.get(keyOf(row));
    return now && now.revision >= row.revision ? now : row;
  });
}

export function newIn(rows: readonly LiveAlert[], page: readonly LiveAlert[]): LiveAlert[] {
  const have = known(rows);
  return page.filter((alert) => !have.has(keyOf(alert)));
}

/** A new first page among the rows: each that is new comes after the one that it follows there. */
export function withNewOnes(rows: readonly LiveAlert[], page: readonly LiveAlert[]): LiveAlert[] {
  const isNew = known(newIn(rows, page));
  const after = new Map<string | undefined, LiveAlert[]>();
  let before: string | undefined;
  for (const alert of page) {
    if (isNew.has(keyOf(alert))) after.set(before, [...(after.get(before) ?? []), alert]);
    else before = keyOf(alert);
  }
  const merged = [undefined, ...rows].flatMap((row) =>
    row ? [row, ...(after.get(keyOf(row)) ?? [])] : (after.get(undefined) ?? []),
  );
  return withChanges(merged, page);
}

/** The next page; what moved into it from the one before is not listed twice. */
export const withMore = (rows: readonly LiveAlert[], page: readonly LiveAlert[]): LiveAlert[] => [
  ...withChanges(rows, page),
  ...newIn(rows, page),
];

/** How often its tokens were used away from home. */
export const usesAway = ({ sources }: Pick<LiveAlert, 'sources'>): number =>
  sources.reduce((sum, { count }) => sum + count, 0);
