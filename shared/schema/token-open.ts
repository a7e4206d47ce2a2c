/**
 * What the node's sensors say, before it is made sense of: an open of a token file, and what became of a token file. The
 * same lines are in a recording (`opens.jsonl`, `tokens.jsonl`); what only the live sensor knows is optional. Lenient: a
 * line comes from outside. Claims are of the JWT's payload alone; no line holds a token.
 */
import { z } from 'zod';

const text = z.string();
const count = z.int().nonnegative();
const maybe = <T extends z.ZodType>(type: T) => type.optional().catch(undefined);

/** The payload of a ServiceAccount's token (KEP-1205, KEP-4193), or of a legacy one. Other claims are left out. */
export const TokenClaims = z.object({
  jti: maybe(text),
  sub: text,
  /** A single audience may be a bare string (RFC 7519, 4.1.3). */
  aud: maybe(z.union([z.array(text), text.transform((one) => [one])])),
  /** Seconds since 1970, as `iat`, `nbf` and `warnafter` are. */
  exp: maybe(z.number()),
  iat: maybe(z.number()),
  /** When the client should have reloaded it (within `kubernetes.io` in a real token). */
  warnafter: maybe(z.number()),
  'kubernetes.io': maybe(
    z.object({
      namespace: maybe(text),
      pod: maybe(z.object({ name: text, uid: text })),
      node: maybe(z.object({ name: text, uid: maybe(text) })),
      secret: maybe(z.object({ name: text, uid: maybe(text) })),
      warnafter: maybe(z.number()),
    }),
  ),
  'kubernetes.io/serviceaccount/namespace': maybe(text),
  'kubernetes.io/serviceaccount/secret.name': maybe(text),
});
export type TokenClaims = z.infer<typeof TokenClaims>;

const Ancestor = z.object({
  pid: count,
  comm: maybe(text.nullable()),
  exe: maybe(text.nullable()),
  cmdline: z.array(text).catch([]),
  /** Its pid in each pid namespace from the host's inwards, separated by white space (NSpid of /proc/PID/status). */
  nspid: maybe(text),
  /** Clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names a process for good. */
  starttime: maybe(count),
  /** Lines of /proc/PID/cgroup. */
  cgroup: maybe(z.array(text)),
});
export type RawAncestor = z.infer<typeof Ancestor>;

const Opener = Ancestor.extend({
  /** `tgid` of the open; recordings don't say it twice. */
  pid: count.default(0),
  comm: text.nullable(),
  /** As /proc/PID/exe names it, ` (deleted)` included. Null: it can't be read (a kernel thread, a zombie). */
  exe: text.nullable(),
  /** Lines of /proc/PID/cgroup, as the host sees them. */
  cgroup: z.array(text).catch([]),
  /** Real, effective, saved and filesystem uid, as the host sees them. */
  uid: z.array(count).catch([]),
  gid: z.array(count).catch([]),
  ppid: maybe(count),
  /** `mnt:[4026531832]` and so on. */
  mnt_ns: maybe(text),
  net_ns: maybe(text),
  pid_ns: maybe(text),
  /** Namespaces that it shares with the host's first process; absent: not looked at. */
  host_ns: maybe(z.array(z.enum(['mnt', 'net', 'pid', 'user', 'cgroup']))),
  /** The file at the path of `exe` is another one than the one that runs. */
  exe_replaced: maybe(z.boolean()),
  /** st_size and st_mtime (seconds since 1970, with fraction) of the file that runs. */
  exe_size: maybe(count),
  exe_mtime: maybe(z.number().nonnegative()),
  /** It went through a mount that is not in its own mount namespace (`/proc/PID/root`). */
  foreign_mount: maybe(z.boolean()),
  /** From its parent up. */
  ancestors: z.array(Ancestor).catch([]),
});
export type RawOpener = z.infer<typeof Opener>;

/** Why nobody can say who opened it. */
export const LostReason = z.enum(['timeout', 'gone', 'unreadable', 'overflow']);
export type LostReason = z.infer<typeof LostReason>;

export const TokenOpen = z.object({
  t: text,
  node: maybe(text),
  /** The thread that opened it, and its process. */
  pid: count,
  tgid: count,
  /** As the host sees it: `<kubelet's folder>/pods/<uid>/volumes/kubernetes.io~projected/<volume>/..<time>/<file>`. */
  path: text,
  volume: text,
  pod_uid: text,
  /** As the opener's own mounts have it. Text, not to decide by. */
  opened_as: maybe(text.nullable()),
  allowed: z.boolean().catch(true),
  /** A policy would have denied it, were it not a dry run. */
  would_deny: maybe(z.boolean()),
  /** `write`: closed after it had been open for writing. */
  access: z.enum(['read', 'write']).catch('read'),
  proc: Opener.nullable(),
  lost: maybe(LostReason),
  /** Null: there was no token in the file (the kubelet is just writing it). */
  credential: TokenClaims.nullable().catch(null),
});
export type TokenOpen = z.infer<typeof TokenOpen>;

export const TokenFileLine = z.object({
  t: text,
  node: maybe(text),
  event: z.enum(['present', 'appeared', 'rotated', 'gone']),
  /** What the pod opens, as the host sees it: `<kubelet's folder>/pods/<uid>/volumes/kubernetes.io~projected/<volume>/<file>`. */
  link: text,
  volume: text,
  pod_uid: text,
  /** Of what has gone: as it was last seen. */
  claims: TokenClaims.nullable().catch(null),
});
export type TokenFileLine = z.infer<typeof TokenFileLine>;
