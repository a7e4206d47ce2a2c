/** Blind spots that have the same reason are one thing to do. */
type Status = 'gap' | 'lag' | 'blind' | 'leak';

interface Spot {
  source: string;
  reason: string;
  status: Status;
}

export interface Alike<S extends Spot> extends Spot {
  spots: S[];
}

const WORST: readonly Status[] = ['leak', 'blind', 'gap', 'lag'];

/** The worst first, then those of most. */
export function alike<S extends Spot>(spots: readonly S[]): Alike<S>[] {
  const groups = new Map<string, Alike<S>>();
  for (const spot of spots) {
    const { source, reason, status } = spot;
    const key = JSON.stringify([source, reason, status]);
    const group = groups.get(key) ?? { source, reason, status, spots: [] };
    group.spots.push(spot);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) => WORST.indexOf(a.status) - WORST.indexOf(b.status) || b.spots.length - a.spots.length,
  );
}
