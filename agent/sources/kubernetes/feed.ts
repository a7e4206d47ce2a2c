/** What one list and watch shows, as inventory events. Remembers names at most, and no objects. */
import { inventoryEvent } from '../../../shared/inventory/kubernetes-objects.ts';
import type { InventoryEvent } from '../../../shared/schema/inventory-event.ts';
import type { Micros } from '../../../shared/time.ts';
import type { ListWatchHandler } from './list-watch.ts';

export type FeedKind = 'Pod' | 'Node' | 'EndpointSlice';

export interface FeedOptions {
  kind: FeedKind;
  now: () => Micros;
  onEvents: (events: InventoryEvent[]) => void;
  onMalformed: (kind: FeedKind) => void;
  onConnected: () => void;
  onDisconnected: (error: unknown) => void;
}

/** What tells objects of a kind apart. */
function keyOf(event: InventoryEvent): string | undefined {
  if (event.type === 'pod-upsert') return event.pod.uid;
  if (event.type === 'node-upsert') return event.node.name;
  return event.type === 'control-plane' ? event.slice : undefined;
}

export function createFeed(options: FeedOptions): ListWatchHandler {
  const { kind, now, onEvents } = options;
  let listed = new Set<string>();
  /** Only of slices, of which there are few: the inventory knows the others itself. */
  let slices: ReadonlySet<string> = new Set();

  const read = (
    object: unknown,
    sighting: { deleted: boolean; initial: boolean; since?: Micros },
  ): InventoryEvent[] => {
    const event = inventoryEvent(kind, object, { time: now(), ...sighting });
    if (typeof event !== 'string') return [event];
    if (event !== 'irrelevant') options.onMalformed(kind);
    return [];
  };
  const from = (since: Micros | undefined) => (since === undefined ? {} : { since });

  const vanished = (): InventoryEvent[] => {
    const time = now();
    if (kind === 'Pod') return [{ type: 'pods-relisted', time, uids: listed }];
    if (kind === 'Node') return [{ type: 'nodes-relisted', time, names: listed }];
    const gone = [...slices].filter((slice) => !listed.has(slice));
    slices = listed;
    return gone.map((slice) => ({ type: 'control-plane', time, slice, addresses: [] }));
  };

  return {
    onPage: (items, since) => {
      const events = items.flatMap((item) => read(item, { deleted: false, initial: true, ...from(since) }));
      for (const event of events) listed.add(keyOf(event) ?? '');
      onEvents(events);
    },
    onListed: () => {
      onEvents(vanished());
      listed = new Set();
    },
    onEvent: (type, object, since) => {
      onEvents(read(object, { deleted: type === 'DELETED', initial: false, ...from(since) }));
    },
    onConnected: options.onConnected,
    onDisconnected: (error) => {
      // A list that broke off begins anew.
      listed = new Set();
      options.onDisconnected(error);
    },
  };
}
