/** What a collector says that it has stored. */
import type { Registry } from 'prom-client';
import type { StreamState } from '../../collector/store/store.ts';
import type { Running } from '../collector/support/running.ts';

/** Ids of all uses. */
export async function storedIds(collector: Running): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: { use: { id: string } }[]; next: string | null } = await collector.json(
      `/api/v1/uses?limit=1000${query}`,
    );
    ids.push(...page.items.map(({ use }) => use.id));
    cursor = page.next;
  } while (cursor !== null);
  return ids;
}

export async function storedStreams(collector: Running): Promise<StreamState[]> {
  const { streams }: { streams: StreamState[] } = await collector.json('/api/v1/status');
  return streams;
}

/** The value of a metric's series with these labels. */
export async function counted(registry: Registry, name: string, labels: object): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.find((value) => Object.entries(labels).every(([key, wanted]) => value.labels[key] === wanted))
    ?.value;
}
