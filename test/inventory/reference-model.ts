/**
 * The inventory as one would write it without a thought for memory or speed: all events are kept, and for every moment
 * of the time asked about, everything is worked out anew.
 */
import { inCidrs, isLoopback, isPrivate, parseCidr } from '../../shared/inventory/address.ts';
import type { InventoryEvent } from '../../shared/schema/inventory-event.ts';
import type { Binding } from '../../shared/schema/observation.ts';
import type { Micros } from '../../shared/time.ts';

interface Snapshot {
  present: boolean;
  addresses: string[];
  node?: string | undefined;
  controlPlane?: boolean;
}

const GONE: Snapshot = { present: false, addresses: [] };

const keyOf = (event: InventoryEvent): string | undefined => {
  switch (event.type) {
    case 'pod-upsert':
      return `pod ${event.pod.uid}`;
    case 'pod-delete':
      return `pod ${event.uid}`;
    case 'node-upsert':
      return `node ${event.node.name}`;
    case 'node-delete':
      return `node ${event.name}`;
    default:
      return undefined;
  }
};

function isSomethingAbout(key: string, event: InventoryEvent): boolean {
  if (event.type === 'pods-relisted') return key.startsWith('pod ') && !event.uids.has(key.slice(4));
  if (event.type === 'nodes-relisted') return key.startsWith('node ') && !event.names.has(key.slice(5));
  return keyOf(event) === key;
}

function shown(event: InventoryEvent): Snapshot {
  if (event.type === 'pod-upsert' && !event.pod.ended) {
    return { present: true, addresses: event.pod.addresses, node: event.pod.node };
  }
  if (event.type === 'node-upsert') {
    const { addresses, controlPlane } = event.node;
    return { present: true, addresses, controlPlane };
  }
  return GONE;
}

/** How it was at one moment; all of them where the watch was interrupted and it may have been either. */
function statesAt(events: InventoryEvent[], key: string, moment: Micros): Snapshot[] {
  const own = events.filter((event) => isSomethingAbout(key, event)).toSorted((a, b) => a.time - b.time);
  // A relist that doesn't name it tells nothing before it was there.
  while (own[0]?.type.endsWith('-relisted')) own.shift();
  const states: Snapshot[] = [];
  const last = own.findLast((event) => event.time <= moment);
  if (last) states.push(shown(last));
  for (const event of own) {
    if (!('since' in event) || event.since === undefined || event.time <= moment) continue;
    const begun = event.type === 'pod-upsert' ? event.pod.started : event.node.created;
    const isThere = shown(event).present;
    if (isThere && Math.min(event.time, Math.max(event.since, begun ?? event.since)) <= moment)
      states.push(shown(event));
  }
  const first = own[0];
  if (first && moment < first.time && 'initial' in first && first.initial) {
    const begun = first.type === 'pod-upsert' ? first.pod.started : first.node.created;
    const until = first.type === 'pod-upsert' && first.pod.ended ? (first.pod.endedAt ?? first.time) : first.time;
    const was = first.type === 'pod-upsert' ? { ...first, pod: { ...first.pod, ended: false } } : first;
    if (begun !== undefined && begun <= moment) states.push(moment < until ? shown(was) : GONE);
  }
  return states;
}

export function referenceModel(events: InventoryEvent[], tolerance: Micros) {
  const keys = [...new Set(events.flatMap((event) => keyOf(event) ?? []))];
  const hostPods = new Set(
    events.flatMap((event) => (event.type === 'pod-upsert' && event.pod.hostNetwork ? [event.pod.uid] : [])),
  );

  /** Between these moments nothing changes, so that they stand for all. */
  const momentsAround = (time: Micros): Micros[] => {
    const changes = events.flatMap((event) => {
      const times = [event.time];
      if ('since' in event && event.since !== undefined) times.push(event.since);
      if (event.type === 'pod-upsert') times.push(event.pod.started ?? event.time, event.pod.endedAt ?? event.time);
      if (event.type === 'node-upsert') times.push(event.node.created ?? event.time);
      return times;
    });
    const [from, to] = [time - tolerance, time + tolerance];
    return [from, to, ...changes.flatMap((change) => [change - 1, change]).filter((m) => m >= from && m <= to)];
  };

  const statesAround = (key: string, time: Micros): Snapshot[] =>
    momentsAround(time).flatMap((moment) => statesAt(events, key, moment));

  const nodeAddresses = (name: string, time: Micros): string[] =>
    statesAround(`node ${name}`, time).flatMap((state) => state.addresses);

  return (address: string, binding: Binding, time: Micros) => {
    const nodes = keys.filter(
      (key) => key.startsWith('node ') && statesAround(key, time).some((s) => s.addresses.includes(address)),
    );
    const pods = keys.filter((key) => {
      if (!key.startsWith('pod ')) return false;
      return statesAround(key, time).some(
        (state) =>
          state.addresses.includes(address) ||
          (hostPods.has(key.slice(4)) && state.present && nodes.includes(`node ${state.node}`)),
      );
    });
    const isControlPlane = nodes.some((key) =>
      statesAround(key, time).some((state) => state.controlPlane && state.addresses.includes(address)),
    );
    const declared = events.flatMap((event) => {
      if (event.type !== 'node-upsert') return [];
      const since = event.initial ? (event.node.created ?? event.time) : (event.since ?? event.time);
      return since <= time + tolerance ? event.node.podCidrs : [];
    });
    const learned = events.flatMap((event) => {
      if (event.type !== 'pod-upsert' || event.pod.hostNetwork || event.pod.ended) return [];
      const since = event.initial ? Math.min(event.pod.started ?? event.time, event.time) : (event.since ?? event.time);
      return since <= time + tolerance ? event.pod.addresses.map((pod) => `${pod}/${pod.includes(':') ? 64 : 24}`) : [];
    });
    const podNetworks = [...declared, ...learned].flatMap((text) => parseCidr(text) ?? []);

    const network = () => {
      if (isLoopback(address)) return 'loopback';
      if (isControlPlane) return 'control-plane';
      if (nodes.length > 0 || pods.some((key) => hostPods.has(key.slice(4)))) return 'nodes';
      if (pods.length > 0 || inCidrs(address, podNetworks)) return 'pods';
      return isPrivate(address) ? 'private' : 'public';
    };

    const { pod } = binding;
    const home = () => {
      if (!pod) return undefined;
      const key = `pod ${pod.uid}`;
      const around = statesAround(key, time).filter((state) => state.present);
      const onHost = hostPods.has(pod.uid);
      const wasThere = statesAt(events, key, time - tolerance).length > 0;
      const status = around.length > 0 ? 'known' : wasThere ? 'gone' : 'unknown';
      const placed = events.flatMap((event) =>
        event.type === 'pod-upsert' && event.pod.uid === pod.uid ? (event.pod.node ?? []) : [],
      );
      const name = (status === 'unknown' ? undefined : placed[0]) ?? binding.node?.name;
      const addresses = around.flatMap((state) => state.addresses);
      if (onHost && around.length > 0 && name !== undefined) addresses.push(...nodeAddresses(name, time));
      return {
        pod: status,
        addresses: [...new Set(addresses)].toSorted(),
        node: name,
        nodeAddresses: name === undefined ? [] : [...new Set(nodeAddresses(name, time))].toSorted(),
      };
    };
    return {
      network: network(),
      nodes: nodes.map((key) => key.slice(5)),
      pods: pods.map((key) => key.slice(4)),
      home: home(),
    };
  };
}
