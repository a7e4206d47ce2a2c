/** Who got hold of tokens: who read their files, who had them issued, who went into their pod. */
import type { Evidence } from '../../../../../shared/schema/alert.ts';
import { accountName } from '../../parts/words.ts';

export interface Taker {
  id: string;
  who: string;
  /** `read it, a process of node node-a`; `had it issued` */
  how: string;
  count: number;
  /** Ids of the tokens that it took. */
  credentials: ReadonlySet<string>;
  /** It went into the pod; nothing tells which of its tokens it took. */
  entered: boolean;
}

/** Readers first, then issuers, then whoever went into a pod; of each those that took the most. */
export function takersOf(evidence: readonly Evidence[]): Taker[] {
  const takers = new Map<string, Taker & { credentials: Set<string>; rank: number }>();
  for (const item of evidence) {
    const told = toldOf(item);
    if (!told) continue;
    const taker = takers.get(told.id) ?? { ...told, count: 0, credentials: new Set<string>() };
    taker.count += 1;
    if (item.credential !== undefined) taker.credentials.add(item.credential);
    takers.set(told.id, taker);
  }
  return [...takers.values()].sort((a, b) => a.rank - b.rank || b.count - a.count);
}

type Start = Pick<Taker, 'id' | 'who' | 'how' | 'entered'> & { rank: number };

function toldOf(item: Evidence): Start | undefined {
  switch (item.kind) {
    case 'read':
      return ofRead(item);
    case 'issue': {
      const who = wordsBefore(item.what, ' asked for a token of ');
      const how = item.credential === undefined ? 'asked for one, refused' : 'had it issued';
      return { id: `issuer ${who} ${how}`, who: accountName(who), how, entered: false, rank: 1 };
    }
    case 'entry': {
      const who = wordsBefore(wordsBefore(item.what, ' ran in '), ' entered ');
      return { id: `entry ${who}`, who: accountName(who), how: 'went into its pod', entered: true, rank: 2 };
    }
    case 'use':
    case 'denied':
    case 'status':
    case 'file':
      return undefined;
  }
}

/** `cat (pid 4711), a process of node node-a` is a program and what it is. */
function ofRead({ id, reader = 'a process that could not be identified', actor, denied }: Evidence): Start {
  const comma = reader.indexOf('), ');
  const [who, what] = comma < 0 ? [reader, ''] : [reader.slice(0, comma + 1), reader.slice(comma + 3)];
  const deed = denied ? 'was denied it' : 'read it';
  return {
    // One session is one taker, however many processes it starts.
    id: `reader ${actor ?? id} ${deed}`,
    who,
    how: what === '' ? deed : `${deed}, ${what}`,
    entered: false,
    rank: denied ? 3 : 0,
  };
}

function wordsBefore(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
}
