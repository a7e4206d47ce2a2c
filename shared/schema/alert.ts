/** What people see: all findings about one theft, grouped. */
import { z } from 'zod';
import { Binding, Credential, PodRef } from './observation.ts';
import { Confidence } from './placement.ts';

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** Least to most: the position is the rank. */
export const SEVERITIES = Severity.options;
export const CONFIDENCES = Confidence.options;

const micros = z.int().nonnegative();

/** One observation that an alert rests on, short enough to keep with it; the whole one is in the store under `id`. */
export const Evidence = z.strictObject({
  kind: z.enum(['use', 'issue', 'entry', 'denied', 'status', 'read', 'file']),
  /** The observation's id. */
  id: z.string(),
  /** To the letter as the source wrote it. */
  time: z.string(),
  auditID: z.string().optional(),
  /** Of a read: the process's, who that was, and in which session or container. */
  pid: z.int().optional(),
  reader: z.string().optional(),
  actor: z.string().optional(),
  /** Of a read or a token file: the file's path. */
  path: z.string().optional(),
  /** The open failed. */
  denied: z.boolean().optional(),
  principal: z.string().optional(),
  credential: z.string().optional(),
  source: z.string().nullable().optional(),
  /** What was done, in one line: `list secrets in shop: 403`. */
  what: z.string(),
  userAgent: z.string().optional(),
  /** How it was placed, for uses. */
  placement: z.string().optional(),
  /** Of a request. `resource`: with its subresource, or a path; `code`: 0 when it is not known. */
  request: z
    .strictObject({
      verb: z.string(),
      resource: z.string(),
      namespace: z.string().optional(),
      name: z.string().optional(),
      code: z.int(),
    })
    .optional(),
  /** Of an issue or an entry: the username that asked. */
  by: z.string().optional(),
  /** The pod that was entered, or that the process which read is in. */
  pod: PodRef.partial().optional(),
  /** The one that was entered, or that the process which read is in. */
  container: z
    .strictObject({ id: z.string().optional(), name: z.string().optional(), image: z.string().optional() })
    .optional(),
  /** Of a read or a file: where it happened. */
  node: z.string().optional(),
  /** Of a read: its own name for itself, and the path of its program in its own mounts. */
  process: z.strictObject({ name: z.string(), path: z.string().optional() }).optional(),
  rules: z.array(z.string()),
});
export type Evidence = z.infer<typeof Evidence>;

/** One rule's statement about observations. */
export const Finding = z.strictObject({
  /** Derived from rule and observation: the same finding always has the same id. */
  id: z.string(),
  rule: z.string(),
  title: z.string(),
  severity: Severity,
  confidence: Confidence,
  confidenceWhy: z.string(),
  summary: z.string(),
  time: micros,
  principal: z.string(),
  credential: Credential.optional(),
  binding: Binding.optional(),
  /** The away address, if the finding is about one. */
  source: z.string().nullable(),
  /** Ids of the observations it rests on, the one that triggered it first. */
  observations: z.array(z.string()).min(1),
  /** What ties findings to one theft, strongest first: `credential:...`, `pod:...`, `actor:...`. */
  keys: z.array(z.string()).min(1).max(16),
  attack: z.array(z.string()).max(32),
});
export type Finding = z.infer<typeof Finding>;

export const StoryLine = z.strictObject({
  time: micros,
  sentence: z.string(),
  /** The observation that it tells of. */
  observation: z.string().optional(),
});
export type StoryLine = z.infer<typeof StoryLine>;

export const KillAction = z.strictObject({
  title: z.string(),
  /** An exact command for a shell; every name in it is quoted. */
  command: z.string(),
  /** What it does, how long it takes, and until when the credential lives otherwise. */
  effect: z.string(),
});
export type KillAction = z.infer<typeof KillAction>;

export const Deeds = z.strictObject({
  requests: z.int().nonnegative(),
  refused: z.int().nonnegative(),
  /** `verb resource` with how often, most first, at most 50. */
  actions: z.array(z.strictObject({ action: z.string(), namespace: z.string(), count: z.int(), refused: z.int() })),
  namespaces: z.array(z.string()),
  userAgents: z.array(z.string()),
});
export type Deeds = z.infer<typeof Deeds>;

export const AlertStatus = z.enum(['open', 'acknowledged', 'closed']);
export type AlertStatus = z.infer<typeof AlertStatus>;

/** What an alert turned out to be. `benign`: it happened as told, and was allowed; `false-positive`: it did not. */
export const CloseReason = z.enum(['true-positive', 'false-positive', 'benign']);
export type CloseReason = z.infer<typeof CloseReason>;

export const Resolution = z.strictObject({
  reason: CloseReason,
  note: z.string(),
  by: z.string(),
  /** RFC 3339, by the collector's clock. */
  at: z.string(),
});
export type Resolution = z.infer<typeof Resolution>;

export const Alert = z.strictObject({
  type: z.literal('alert'),
  schema: z.literal(1),
  id: z.string(),
  cluster: z.string(),
  status: AlertStatus,
  /** Who looks after it. */
  assignee: z.string().optional(),
  /** Of a closed one. */
  resolution: Resolution.optional(),
  title: z.string(),
  summary: z.string(),
  severity: Severity,
  confidence: Confidence,
  confidenceWhy: z.string(),
  principal: z.string(),
  credential: z.string().nullable(),
  credentialKind: z.string().nullable(),
  binding: Binding,
  /** RFC 3339: until when the credential lives by itself, where the audit log tells. */
  expiresAt: z.string().optional(),
  /** Addresses it was used from away from home, with how often, most first, at most 50. */
  sources: z.array(z.strictObject({ address: z.string(), where: z.string(), count: z.int() })),
  /** Every other credential that this theft involves (minted with the stolen one, or the one it was minted with). */
  relatedCredentials: z.array(z.string()),
  rules: z.array(z.string()),
  attack: z.array(z.strictObject({ id: z.string(), name: z.string(), tactic: z.string() })),
  /** RFC 3339, the first and last observation's own time. */
  firstSeen: z.string(),
  lastSeen: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Grows by one with every change: what a consumer compares. */
  revision: z.int().positive(),
  counts: z.strictObject({ findings: z.int(), observations: z.int() }),
  findings: z.array(Finding),
  evidence: z.array(Evidence),
  evidenceTotal: z.int(),
  story: z.array(StoryLine),
  did: Deeds,
  actions: z.array(KillAction),
  triage: z.array(z.string()),
});
export type Alert = z.infer<typeof Alert>;
