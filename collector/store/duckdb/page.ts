import type { Cursor, Page } from '../store.ts';

/** One more than the limit was asked for, to know whether there is more. */
export function page<Item>(items: Item[], limit: number, cursorOf: (item: Item) => Cursor): Page<Item> {
  const last = items[limit - 1];
  return { items: items.slice(0, limit), next: items.length > limit && last !== undefined ? cursorOf(last) : null };
}
