/**
 * What the collector keeps: every observation with its placement (the token usage history), alerts with their life,
 * and how far each stream has come. One implementation is in `duckdb/`; whatever implements this passes
 * `test/collector/store-contract.ts`.
 *
 * Every method rejects with TruantError STORE_UNAVAILABLE when the store can't do it at the moment.
 */
import type { Outcome } from '../../shared/detection/correlator-types.ts';
import type { Alert, AlertStatus, Severity } from '../../shared/schema/alert.ts';
import type { ActionRecord, Exception } from '../../shared/schema/handling.ts';
import type {
  Binding,
  CredentialKind,
  DeniedRequest,
  Observation,
  PodEntry,
  Relation,
  SourceStatus,
  TokenFile,
  TokenIssue,
  TokenRead,
  TokenUse,
} from '../../shared/schema/observation.ts';
import type { AwayWhere, Placement } from '../../shared/schema/placement.ts';
import type { Micros } from '../../shared/time.ts';
import type { AlertLifeStore, AlertOrder } from './alert-life.ts';
import type { FleetStore } from './fleet.ts';
import type { HistorySummariesStore } from './history-summaries.ts';
import type { OutputsStore } from './outputs.ts';

/** What came in of one stream, in order. */
export interface Arrival {
  cluster: string;
  agent: string;
  stream: string;
  records: readonly ArrivedRecord[];
}

export interface ArrivedRecord {
  /** Its number in the stream, from 0. */
  position: number;
  /** Null: set aside by the receiver; its number is used up all the same. */
  observation: Observation | null;
}

/** What of an arrival the store does not have yet. */
export interface Fresh {
  cluster: string;
  agent: string;
  stream: string;
  /** The stream's position that this follows. */
  follows: number;
  /** The stream's position once this is stored: the number of the next observation. */
  position: number;
  observations: Observation[];
  /**
   * Stored before, by id: sent again, read again by an agent that lost its state, or the end of a long-running request
   * whose beginning is stored.
   */
  duplicates: number;
  /** Set aside by the receiver, not counting those below the stream's position. */
  rejected: number;
  /** Numbers that were left out: of those between the stream's old position and its new one. */
  missing: number;
}

/** How far a partition of a Kafka topic has been consumed. */
export interface Consumed {
  topic: string;
  partition: number;
  /** Of the next record to be read. */
  offset: number;
  /** What the record before it was, so that a topic that was made anew can be told from this one. */
  mark: string;
}

export interface Commit {
  cluster: string;
  /** The collector's clock. */
  at: Micros;
  outcome: Outcome;
  /** One a stream. Absent when only time went on. */
  fresh?: readonly Fresh[];
  consumed?: Consumed | undefined;
  /** What people, or Truant itself, did about alerts. */
  actions?: readonly ActionRecord[];
  /** New ones, and those that were changed: each replaces the one with its id. */
  exceptions?: readonly Exception[];
}

export interface StreamState {
  stream: string;
  cluster: string;
  agent: string;
  /** Number of the next observation. */
  position: number;
  /** Observations that are in the history. */
  accepted: number;
  rejected: number;
  /** Numbers that were left out: observations that got lost on their way. */
  missing: number;
  /** By the collector's clock. */
  firstSeen: Micros;
  lastSeen: Micros;
  /** The newest of these' own time; null before the first. */
  newest: Micros | null;
}

/**
 * Where a page ends: the sort key of its last item. Lists are sorted newest first by (time, id, cluster); alerts by their
 * rank before that, where the worst come first, and else by the time that their order is about.
 */
export interface Cursor {
  rank?: number;
  time: Micros;
  id: string;
  cluster: string;
}

export interface Paging {
  limit: number;
  after?: Cursor | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Null: that was the last page. */
  next: Cursor | null;
}

export interface UsesFilter {
  /** From this time on. */
  since?: Micros | undefined;
  /** Before this time. */
  until?: Micros | undefined;
  cluster?: string | undefined;
  /** Who used it, whose token it is, or for whom it was issued. */
  principal?: string | undefined;
  /** That was used, is in the file, or was issued. */
  credential?: string | undefined;
  /** Of the token's binding, or where the file is. */
  node?: string | undefined;
  /** To the letter; with a `*` at its end, what it begins with. */
  userAgent?: string | undefined;
  /** That the token is bound to; of reads and files, in whose volume it is; of entries, that was entered. */
  pod?: { uid: string } | { namespace: string; name: string } | undefined;
  source?: string | undefined;
  verb?: string | undefined;
  /** With a subresource, that alone; without, whatever its subresource is. */
  resource?: { resource: string; subresource?: string | undefined } | undefined;
  placement?: Placement['verdict'] | undefined;
  where?: AwayWhere | undefined;
  code?: number | undefined;
}

/** Kinds of observation that the history has. A filter that is about requests leaves reads and files alone; refusals name nobody. */
export const HISTORY_KINDS = ['use', 'read', 'file', 'issue', 'entry', 'denied'] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];

export interface HistoryFilter extends UsesFilter {
  kind?: HistoryKind | undefined;
}

export interface PlacedUse {
  cluster: string;
  /** Null: nothing was decided about it. */
  placement: Placement | null;
  use: TokenUse;
}

/**
 * What happened to tokens: they were used, read from their files, issued, refused; their files came and went; and pods were
 * entered.
 */
export type HistoryItem =
  | PlacedUse
  | { cluster: string; read: TokenRead }
  | { cluster: string; file: TokenFile }
  | { cluster: string; placement: Placement | null; issue: TokenIssue }
  | { cluster: string; entry: PodEntry }
  | { cluster: string; denied: DeniedRequest };

export interface AlertsFilter {
  /** Still seen at or after this time. */
  since?: Micros | undefined;
  /** First seen before this time. */
  until?: Micros | undefined;
  cluster?: string | undefined;
  /** One of these. */
  status?: readonly AlertStatus[] | undefined;
  /** Words that all are somewhere in what lists show of it, in upper or lower case. */
  text?: string | undefined;
  assignee?: string | undefined;
  /** From where it was used. */
  source?: string | undefined;
  /** This severe or more. */
  severity?: Severity | undefined;
  principal?: string | undefined;
  /** The stolen one or a related one. */
  credential?: string | undefined;
  rule?: string | undefined;
}

/** What lists show of an alert: all but what it is made of. */
export type AlertSummary = Omit<Alert, 'findings' | 'evidence' | 'story' | 'did' | 'actions' | 'triage'>;

export function summaryOf(alert: Alert): AlertSummary {
  const { findings: _1, evidence: _2, story: _3, did: _4, actions: _5, triage: _6, ...summary } = alert;
  return summary;
}

export interface Tally<Value> {
  value: Value;
  count: number;
  firstSeen: Micros;
  lastSeen: Micros;
}

/** Processes of the same program that read a token in the same way. */
export interface Reader {
  /** Null: nobody can say who it was. */
  relation: Relation | null;
  /** The program's path, or else what it calls itself. */
  program: string | null;
  access: TokenRead['access'];
  outcome: TokenRead['outcome'];
  count: number;
  firstSeen: Micros;
  lastSeen: Micros;
}

/** Everything known about one credential. */
export interface CredentialLife {
  cluster: string;
  id: string;
  kind: CredentialKind | null;
  principal: string | null;
  binding: Binding;
  /** How it was last known: issued and not used yet; in use; used past its warnafter; used after it was invalidated. */
  status: 'issued' | 'used' | 'stale' | 'invalidated';
  /** Used; or as long as it was not, issued; or as long as that is not known, in a file. */
  firstSeen: Micros | null;
  lastSeen: Micros | null;
  uses: { total: number; refused: number; home: number; away: number; unclear: number; undecided: number };
  /** Most used first, at most 100. Null: the event named no address. */
  sources: Tally<string | null>[];
  /** Most used first, at most 100. */
  userAgents: Tally<string>[];
  /** Who opened files with it, the most frequent first, at most 100. */
  readers: Reader[];
  /** What was last seen of a file with it. */
  file: TokenFile | null;
  /** The TokenRequest that it came from, if that was seen. */
  issue: TokenIssue | null;
  /** TokenRequests made with it, newest first, at most 100. */
  issues: TokenIssue[];
  /** Ids of the alerts that name it, newest first, at most 100. */
  alerts: string[];
}

/** Something that a source says it can't see, or has lost. */
export interface BlindSpot extends Pick<SourceStatus, 'source' | 'reason' | 'detail' | 'time'> {
  cluster: string;
  /** Null: the agent did not say. */
  node: string | null;
  status: Exclude<SourceStatus['status'], 'ok'>;
}

/** Oldest first. */
export interface Recent {
  decided: Observation[];
  /** Uses whose verdict is still to come. */
  undecided: Observation[];
}

export interface Retention {
  /** The collector's clock. */
  now: Micros;
  /** What is older goes. */
  maxAge: Micros;
  /** When the store has more bytes in use, its oldest rows go. */
  maxBytes: number;
  /** Outputs: what they have still to be told of is not too old, though it may be too much. */
  awaitedBy?: readonly string[];
}

export interface StoreSize {
  observations: number;
  /** Of these, still without a final verdict. */
  undecided: number;
  alerts: Record<AlertStatus, number>;
  /** In use, in the file and its log. */
  bytes: number;
  /** What the files take on disk; what retention frees in them is used again. */
  fileBytes: number;
}

/** How many went. */
export interface LetGo {
  observations: number;
  alerts: number;
  /** Times that an output had still to be told of such an alert, or that it was among its dead letters. */
  untold: number;
}

export interface Store extends AlertLifeStore, HistorySummariesStore, FleetStore, OutputsStore {
  /** Every stream, by its name. */
  streams(): Promise<StreamState[]>;
  /** Leaves out of arrivals of one cluster, one a stream, what is stored already. Changes nothing. */
  unseen(arrivals: readonly Arrival[]): Promise<Fresh[]>;
  /**
   * Stores everything or nothing: rows, verdicts on earlier rows, alerts, positions. Once it resolves, all of it survives a
   * crash. Rejects, changing nothing, when a stream is no longer where `fresh` follows it.
   */
  commit(commit: Commit): Promise<void>;
  /** How far each partition of the topic has been consumed. */
  consumed(topic: string): Promise<Consumed[]>;
  /** For records of which nothing is to be stored. As durable as a commit. */
  consume(consumed: Consumed): Promise<void>;
  /** The newest observations of a cluster, at most `limit` and no older than `within` before the newest. */
  recent(cluster: string, within: Micros, limit: number): Promise<Recent>;
  /** Alerts of a cluster that are not closed, or were closed since then, oldest first. More than `limit`: the closed are left out first, then the oldest. */
  currentAlerts(cluster: string, closedSince: Micros, limit: number): Promise<Alert[]>;
  uses(filter: UsesFilter, paging: Paging): Promise<Page<PlacedUse>>;
  /** Uses among what else happened to tokens. A filter that is about requests leaves requests alone. */
  history(filter: HistoryFilter, paging: Paging): Promise<Page<HistoryItem>>;
  alerts(filter: AlertsFilter, paging: Paging, order?: AlertOrder): Promise<Page<AlertSummary>>;
  /** Alerts with that id: one, unless several clusters saw the very same theft. */
  alert(id: string, cluster?: string): Promise<Alert[]>;
  /** Lives of the credential with that id, one a cluster that knows it. */
  credential(id: string, cluster?: string): Promise<CredentialLife[]>;
  /**
   * What holds at the moment, newest first, at most 200: of each source of a node, for each reason, what it said last. That
   * goes by order of arrival, as agents' clocks may go back. A gap or a leak is told for a day; whatever else lasts until
   * the source says `ok`. What was said without a node is over once any node's source of that name says so.
   */
  blindSpots(now: Micros): Promise<BlindSpot[]>;
  size(): Promise<StoreSize>;
  /** Lets go of what is too old or too much. */
  retain(retention: Retention): Promise<LetGo>;
  /** Undefined while it works; else why not, for ever, as a sentence. */
  failure(): string | undefined;
  close(): Promise<void>;
}
