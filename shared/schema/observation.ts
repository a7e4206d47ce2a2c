/**
 * What a source saw, normalised. These shapes cross the wire from agent to collector and are stored, so they are strict:
 * whatever does not fit is set aside by the receiver with its reason. Every string in them is bounded and free of tokens
 * (`shared/normalise` sees to that); none of them is to be trusted as anything but text.
 */
import { z } from 'zod';
import { LostReason } from './token-open.ts';

/** A short string that came from outside: text, never markup, never a path to open. */
const text = (max: number) => z.string().max(max);
const micros = z.int().nonnegative();

/**
 * `projected`: issued by the kubelet for a pod; `minted`: issued by TokenRequest to anyone else; `legacy`: a Secret's
 * token, which has no id, so it is named by its Secret; `certificate`: a client certificate that bears a
 * ServiceAccount's name; `unknown`: the event names no credential (a front proxy, or a cluster older than 1.30).
 */
export const CredentialKind = z.enum(['projected', 'minted', 'legacy', 'certificate', 'unknown']);
export type CredentialKind = z.infer<typeof CredentialKind>;

export const Credential = z.strictObject({
  /**
   * `JTI=<uuid>` or `X509SHA256=<hex>` as the audit event says; `secret:<namespace>/<name>` for a legacy token;
   * `pod:<uid>` where the cluster names only the pod; `principal:<principal>` when nothing at all is named.
   */
  id: text(256),
  kind: CredentialKind,
});
export type Credential = z.infer<typeof Credential>;

export const PodRef = z.strictObject({ namespace: text(253), name: text(253), uid: text(64) });
export type PodRef = z.infer<typeof PodRef>;
export const NodeRef = z.strictObject({ name: text(253), uid: text(64).optional() });
export type NodeRef = z.infer<typeof NodeRef>;

/** The pod and node that a credential belongs to, as the token's own claims say. */
export const Binding = z.strictObject({ pod: PodRef.optional(), node: NodeRef.optional() });
export type Binding = z.infer<typeof Binding>;

/** Where a request came from. */
export const Source = z.strictObject({
  /** The connection's peer (behind trusted proxies: what the outermost of them saw), canonical. Null: not an address. */
  address: text(64).nullable(),
  /** What the client itself said (X-Forwarded-For, X-Real-Ip), leftmost first, bounded to 16. Never to be trusted. */
  claimed: z.array(text(64)).max(16),
  /** How many addresses the client stated in all. */
  claimedTotal: z.int().nonnegative(),
});
export type Source = z.infer<typeof Source>;

/** What was asked of the API server. */
export const Request = z.strictObject({
  verb: text(64),
  apiGroup: text(253).optional(),
  resource: text(253).optional(),
  subresource: text(253).optional(),
  namespace: text(253).optional(),
  name: text(1024).optional(),
  /** The request URI, scrubbed and cut at 1,024 characters. */
  uri: text(1024),
  /** HTTP status; 0 when the event has none. */
  code: z.int(),
  userAgent: text(1024),
  /** watch, exec, attach, port-forward, proxy, followed logs: opened once, lives long, keeps its connection's address. */
  longRunning: z.boolean(),
});
export type Request = z.infer<typeof Request>;

/** Who holds an address in the inventory at some moment. */
export const AddressHolder = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('pod'),
    uid: text(64),
    namespace: text(253),
    name: text(253),
    node: text(253).optional(),
    hostNetwork: z.boolean(),
    /** Of a use of a legacy token: names of the Secrets that its spec hands to it, at most 16; absent: its spec was not seen. */
    secrets: z.array(text(253)).max(16).optional(),
  }),
  z.strictObject({ kind: z.literal('node'), name: text(253) }),
]);
export type AddressHolder = z.infer<typeof AddressHolder>;

/** What kind of network an address belongs to, as far as configuration and inventory can tell. */
export const Network = z.enum([
  'pods',
  'services',
  'nodes',
  'control-plane',
  'loopback',
  'private',
  'public',
  'invalid',
]);
export type Network = z.infer<typeof Network>;

/** What the inventory knew about a request's source and about the home of its credential, at the request's own time. */
export const Whereabouts = z.strictObject({
  /** `live`: watched as it happened; `snapshot`: a dump without history; `none`: no inventory at all. */
  inventory: z.enum(['live', 'snapshot', 'none']),
  network: Network,
  /** Everybody who held the source address then, at most 8 (a node's address is also that of its hostNetwork pods). */
  holders: z.array(AddressHolder).max(8),
  /** Only when the credential is bound to a pod or a node (a kubelet's own identity counts as bound to its node). */
  home: z
    .strictObject({
      /** `known`: the pod was there; `gone`: it had been, and was deleted or ended; `unknown`: never seen; `none`: bound to a node alone. */
      pod: z.enum(['known', 'gone', 'unknown', 'none']),
      hostNetwork: z.boolean(),
      /** Addresses that the pod (or, bound to a node alone, the node) held around the request's time, at most 16. */
      addresses: z.array(text(64)).max(16),
      /** Of a pod that is gone: every address that it is known to have had, at most 16. */
      formerly: z.array(text(64)).max(16).optional(),
      /** The node that the pod runs on, by inventory, else by the token's claims. */
      node: text(253).optional(),
      nodeAddresses: z.array(text(64)).max(16),
    })
    .optional(),
});
export type Whereabouts = z.infer<typeof Whereabouts>;

const common = {
  /** 32 hex digits derived from the content: the same observation always has the same id. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** When it happened (a request: when the API server received it). */
  time: micros,
  /** `time` to the letter as the source wrote it: what an analyst searches for. */
  timeText: text(40),
  /** When the source said so (a request: the stage's timestamp). */
  seen: micros,
};

/** The API server's own name for a request, chosen by the client if it likes: never unique, never trusted. */
const auditID = text(256);
const stage = z.enum(['ResponseStarted', 'ResponseComplete', 'Panic']);

/** What all observations that are API requests have. */
const ofRequest = {
  ...common,
  auditID,
  stage,
  source: Source,
  request: Request,
  whereabouts: Whereabouts.optional(),
};

/** An API request by a ServiceAccount. */
export const TokenUse = z.strictObject({
  kind: z.literal('use'),
  ...ofRequest,
  principal: text(512),
  credential: Credential,
  binding: Binding,
  /** The user it acted as, if it impersonated somebody. */
  impersonated: text(512).optional(),
  /** Seconds past the token's warnafter, from annotation authentication.k8s.io/stale-token. */
  staleBy: z.int().nonnegative().optional(),
  /** The legacy token was already invalidated by the cleaner, and used again. */
  invalidated: z.literal(true).optional(),
  /** The audit backend cut this event (annotation audit.k8s.io/truncated). */
  truncated: z.literal(true).optional(),
  /** The Secret that was asked for is known to hold the token of this ServiceAccount (its name). */
  secretOf: text(253).optional(),
});
export type TokenUse = z.infer<typeof TokenUse>;

/** Who asked for something, when it need not be a ServiceAccount. */
export const Actor = z.strictObject({
  username: text(512),
  /** Present when the actor is a ServiceAccount. */
  principal: text(512).optional(),
  credential: Credential.optional(),
  binding: Binding,
  impersonated: text(512).optional(),
});
export type Actor = z.infer<typeof Actor>;

/** A TokenRequest. `issued` is absent when it was refused (`request.code` says how). */
export const TokenIssue = z.strictObject({
  kind: z.literal('issue'),
  ...ofRequest,
  actor: Actor,
  /** For whom the token was asked. */
  principal: text(512),
  /** `JTI=<uuid>` of the new token, from annotation authentication.kubernetes.io/issued-credential-id (1.30 and later). */
  issued: text(256).optional(),
  /** Only at audit level Request: what the token was to be bound to, for whom and how long. */
  boundTo: z.strictObject({ kind: text(64), name: text(253), uid: text(64).optional() }).optional(),
  audiences: z.array(text(512)).max(16).optional(),
  expirationSeconds: z.number().optional(),
});
export type TokenIssue = z.infer<typeof TokenIssue>;

/** Somebody entered a pod: exec, attach, or an ephemeral container. */
export const PodEntry = z.strictObject({
  kind: z.literal('entry'),
  ...ofRequest,
  actor: Actor,
  pod: z.strictObject({ namespace: text(253), name: text(253) }),
  container: text(253).optional(),
  /** The command line of an exec, scrubbed, at most 32 words of 256 characters. */
  command: z.array(text(256)).max(32),
});
export type PodEntry = z.infer<typeof PodEntry>;

/** A 401: a credential was refused. The event names neither user nor credential. */
export const DeniedRequest = z.strictObject({
  kind: z.literal('denied'),
  ...ofRequest,
});
export type DeniedRequest = z.infer<typeof DeniedRequest>;

/** A pod by its uid; with its name where claims or inventory tell it. */
const perhapsNamed = PodRef.partial({ namespace: true, name: true });

/** A file that holds a token, as the host sees it. */
const tokenFile = z.strictObject({
  path: text(1024),
  volume: text(253),
  /** Whose volume it is. */
  pod: perhapsNamed,
});

/** What the claims of a token in a file say. Absent where there was no token, or none that could be read. */
const fromClaims = {
  principal: text(512).optional(),
  credential: Credential.optional(),
  binding: Binding,
  audiences: z.array(text(512)).max(16).optional(),
};

const process = {
  pid: z.int().nonnegative(),
  /** Clock ticks since boot: with the pid it names a process for good. */
  started: z.int().nonnegative().optional(),
  /** The program's own word, as is `args`. */
  comm: text(64),
  /** Path in its own mounts; absent: it could not be read. */
  exe: text(1024).optional(),
  /** Scrubbed, at most 32 words of 256 characters. */
  args: z.array(text(256)).max(32),
};
export const Process = z.strictObject(process);
export type Process = z.infer<typeof Process>;

/**
 * What an opener is to the token that it opens. `in-container`: a process of a container that has the volume mounted,
 * descended from its first one; `exec-session`: a process of such a container that was entered from outside;
 * `other-container-of-pod`: of the same pod, but not of a container that has the volume; `other-pod`; `host`: anything
 * that is in no pod; `kubelet` and `runtime`: the node's own.
 */
export const Relation = z.enum([
  'in-container',
  'exec-session',
  'other-container-of-pod',
  'other-pod',
  'host',
  'kubelet',
  'runtime',
]);
export type Relation = z.infer<typeof Relation>;

export const Opener = z.strictObject({
  relation: Relation,
  ...process,
  /** The thread that opened it, if it is another than the process's first. */
  thread: z.int().nonnegative().optional(),
  /** The program was deleted, or another file is at its path now. */
  exeState: z.enum(['deleted', 'replaced']).optional(),
  /** Size in bytes and time of change of the program's file: a copy under a familiar name differs. */
  exeSize: z.int().nonnegative().optional(),
  exeTime: micros.optional(),
  /** Real, effective, saved and filesystem uid. */
  uids: z.array(z.int().nonnegative()).max(4),
  /** By cgroup. Name and image where the inventory knows them; a container that is in no pod has an id alone. */
  container: z.strictObject({ id: text(128), name: text(253).optional(), image: text(512).optional() }).optional(),
  pod: perhapsNamed.optional(),
  /** Inode numbers as text, and which of them are the host's own. */
  namespaces: z.strictObject({
    mnt: text(20).optional(),
    net: text(20).optional(),
    pid: text(20).optional(),
    host: z
      .array(z.enum(['mnt', 'net', 'pid', 'user', 'cgroup']))
      .max(5)
      .optional(),
  }),
  /** From its parent up to the container's first process, what entered the container, or the host's first process; at most 16. */
  lineage: z.array(Process).max(16),
  /** `<pid>@<started>` of the lineage's first process, or a container's id: who acts, over many openings. */
  actor: text(160),
  /** It is in the pod's cgroup without having come by the container's runtime: it put itself there. */
  disguised: z.literal(true).optional(),
  /** It is of a container, but has the mounts of the node: it got out. */
  escaped: z.literal(true).optional(),
  /** It was started in its container from outside: by exec, a probe, a hook. */
  entered: z.literal(true).optional(),
  /** It went through the mounts of another process (`/proc/PID/root`). */
  foreignMount: z.literal(true).optional(),
  /** What entered the container is a probe or a hook of the pod's own spec. */
  expected: z.literal('hook').optional(),
});
export type Opener = z.infer<typeof Opener>;

/** A process opened a token file. */
export const TokenRead = z.strictObject({
  kind: z.literal('read'),
  ...common,
  node: text(253),
  ...fromClaims,
  file: tokenFile,
  /** `write`: it had been opened for writing, and was closed. */
  access: z.enum(['read', 'write']),
  /** `would-deny`: a policy that is on trial would have denied it. */
  outcome: z.enum(['allowed', 'denied', 'would-deny']),
  /** Absent when attribution was lost; `lost` says why. */
  opener: Opener.optional(),
  lost: LostReason.optional(),
  /** Why the configuration lets this opener pass: nothing is found in it. */
  excused: text(1024).optional(),
  /** How many openings just like this one there were since the last that was told of. */
  repeats: z.int().positive().optional(),
});
export type TokenRead = z.infer<typeof TokenRead>;

/** A token file was there, appeared, rotated or went away. */
export const TokenFile = z.strictObject({
  kind: z.literal('file'),
  ...common,
  node: text(253),
  event: z.enum(['present', 'appeared', 'rotated', 'gone']),
  ...fromClaims,
  file: tokenFile,
  issuedAt: micros.optional(),
  expiresAt: micros.optional(),
  /** When whoever uses it should have reloaded it (KEP-1205). */
  warnAfter: micros.optional(),
});
export type TokenFile = z.infer<typeof TokenFile>;

/** The parts of an agent that say something about themselves. */
export const SOURCES = ['audit-file', 'kubernetes', 'outbox', 'token-files', 'token-opens'] as const;
export type SourceName = (typeof SOURCES)[number];

/** What a source says about itself: gaps, lag, blind spots. */
export const SourceStatus = z.strictObject({
  kind: z.literal('status'),
  ...common,
  /** The agent's. Absent: an earlier agent's, which did not say it. */
  node: text(253).optional(),
  /** One of `SOURCES`, or of those that a later agent has. */
  source: text(64),
  status: z.enum(['ok', 'gap', 'lag', 'blind', 'leak']),
  /** Bounded, machine readable: `audit-policy-leaks-tokens`, `inventory-lost`, ... */
  reason: text(64),
  detail: text(1024),
});
export type SourceStatus = z.infer<typeof SourceStatus>;

/**
 * An agent says that it is there, once a minute, and how its parts are. Only the newest of each agent is kept; it is no part
 * of the history.
 */
export const Heartbeat = z.strictObject({
  kind: z.literal('heartbeat'),
  ...common,
  node: text(253),
  /** Of the agent. */
  version: text(64),
  /** When the agent started. */
  startedAt: micros,
  /** Its components, by name: `running`, `degraded`, ... and why. */
  parts: z.array(z.strictObject({ name: text(64), state: text(32), detail: text(512).optional() })).max(32),
  /** How far behind the newest line of the audit log it is, in microseconds; absent: it reads none, or it is not known. */
  lag: micros.optional(),
  /** What waits in its spool. */
  waiting: z.strictObject({ records: z.int().nonnegative(), bytes: z.int().nonnegative() }),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

export const Observation = z.discriminatedUnion('kind', [
  TokenUse,
  TokenIssue,
  PodEntry,
  DeniedRequest,
  TokenRead,
  TokenFile,
  SourceStatus,
  Heartbeat,
]);
export type Observation = z.infer<typeof Observation>;
export type ObservationKind = Observation['kind'];
/** Observations that become part of the history. */
export type Recorded = Exclude<Observation, Heartbeat>;
/** Observations that are API requests: they have a source address and a request. */
export type RequestObservation = TokenUse | TokenIssue | PodEntry | DeniedRequest;
/** Observations of token files on a node. */
export type FileObservation = TokenRead | TokenFile;
