/** The closed list of why the collector itself will never take what it was sent. */
export const REFUSALS = ['refused', 'too-large'] as const;

export interface Refusal {
  /** `too-large`: in smaller pieces it may be taken. */
  reason: (typeof REFUSALS)[number];
  /** In the collector's words. */
  detail: string;
}

/** An observation, ready to be sent. */
export interface Outgoing {
  /** Its number in the stream. */
  position: number;
  /** What `keyOf` says. */
  key: string;
  /** An `Envelope` as JSON, UTF-8, without a newline. */
  value: Buffer;
}

/** A run of one stream, in order, with at least one record. Numbers that are left out never come. */
export interface Run {
  cluster: string;
  agent: string;
  stream: string;
  records: readonly Outgoing[];
}

/** `stopped`: whether the run was stored is not known. */
export type Delivery = 'stored' | 'stopped' | Refusal;

/** How observations reach the collector. Whatever implements this passes `test/contract/transport.ts`. */
export interface Transport {
  /**
   * Resolves once the other side has made the run durable, or has said about this very run that it never will. Whatever
   * else stands in the way (no connection, a wrong address, a wrong token) may be put right without the agent: then it
   * tries again until `signal` is aborted. One run at a time.
   */
  send(run: Run, signal: AbortSignal): Promise<Delivery>;
  /** The run that is likely to come next: what can be done for it beforehand, while another one is on its way. */
  prepare?(run: Run): void;
  /** Why nothing is delivered at the moment, as a sentence; undefined while all is well. */
  trouble(): string | undefined;
}
