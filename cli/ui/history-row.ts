/** What happened to a token, as a row of the history's table. A newer collector may say more of each. */
import { basename } from 'node:path';
import { z } from 'zod';
import { nameOf } from '../../shared/detection/story.ts';
import { whenText } from './alert-cells.ts';

export interface HistoryRow {
  time: string;
  principal: string;
  /** From where: an address, the pod that a process is in, a node. */
  source: string;
  /** A use's placement, or what a reader is to the token. */
  placement: string;
  tone: 'green' | 'red' | 'yellow' | 'dim';
  code: string;
  what: string;
  credential: string;
}

const Credential = z.looseObject({ id: z.string() });

const Request = z.looseObject({
  verb: z.string(),
  resource: z.string().optional(),
  subresource: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  uri: z.string(),
  code: z.number(),
});
const Placed = z.looseObject({ verdict: z.string(), where: z.string().optional(), reason: z.string() });

const ofFile = {
  timeText: z.string(),
  node: z.string(),
  principal: z.string().optional(),
  credential: Credential.optional(),
  file: z.looseObject({ path: z.string(), volume: z.string() }),
};
const Opener = z.looseObject({
  relation: z.string(),
  pid: z.number(),
  comm: z.string(),
  exe: z.string().optional(),
  args: z.array(z.string()),
  pod: z.looseObject({ uid: z.string(), namespace: z.string().optional(), name: z.string().optional() }).optional(),
});
const Read = z.looseObject({
  ...ofFile,
  access: z.string(),
  outcome: z.string(),
  opener: Opener.optional(),
  lost: z.string().optional(),
  repeats: z.number().optional(),
});
const TokenFile = z.looseObject({ ...ofFile, event: z.string() });

const ofRequest = {
  timeText: z.string(),
  source: z.looseObject({ address: z.string().nullable() }),
  request: Request,
};
const Use = z.looseObject({ ...ofRequest, principal: z.string(), credential: Credential });
const Actor = z.looseObject({ username: z.string(), credential: Credential.optional() });
const Issue = z.looseObject({ ...ofRequest, actor: Actor, principal: z.string(), issued: z.string().optional() });
const Entry = z.looseObject({
  ...ofRequest,
  actor: Actor,
  pod: z.looseObject({ namespace: z.string(), name: z.string() }),
  container: z.string().optional(),
  command: z.array(z.string()),
});
const Denied = z.looseObject(ofRequest);

export const HistoryRow = z.union([
  z.looseObject({ use: Use, placement: Placed.nullable() }).transform(({ use, placement }) => ofUse(use, placement)),
  z.looseObject({ read: Read }).transform(({ read }) => ofRead(read)),
  z.looseObject({ file: TokenFile }).transform(({ file }) => ofTokenFile(file)),
  z
    .looseObject({ issue: Issue, placement: Placed.nullable() })
    .transform(({ issue, placement }) => ofIssue(issue, placement)),
  z.looseObject({ entry: Entry }).transform(({ entry }) => ofEntry(entry)),
  z.looseObject({ denied: Denied }).transform(({ denied }) => ofDenied(denied)),
]);

const BY_VERDICT = new Map<string, HistoryRow['tone']>([
  ['home', 'green'],
  ['away', 'red'],
  ['unclear', 'yellow'],
]);
/** Who opens tokens all day. */
const ORDINARY = new Set(['in-container', 'kubelet', 'runtime']);

function ofUse(use: z.infer<typeof Use>, placement: z.infer<typeof Placed> | null): HistoryRow {
  return {
    ...common(use),
    ...ofPlacement(placement),
    ...answered(use),
    what: requestText(use.request),
  };
}

/** Of the one for whom it was issued, asked for by whoever says `what`. */
function ofIssue(issue: z.infer<typeof Issue>, placement: z.infer<typeof Placed> | null): HistoryRow {
  const { actor, issued, request } = issue;
  const outcome = request.code < 400 ? 'issued to' : 'refused to';
  return {
    ...common({ ...issue, credential: issued === undefined ? undefined : { id: issued } }),
    ...ofPlacement(placement),
    ...answered(issue),
    what: `token ${outcome} ${nameOf(actor.username)}`,
  };
}

function ofEntry(entry: z.infer<typeof Entry>): HistoryRow {
  const { actor, pod, container, command, request } = entry;
  const into = `${pod.namespace}/${pod.name}${container === undefined ? '' : ` (${container})`}`;
  return {
    ...common({ ...entry, principal: actor.username, credential: actor.credential }),
    placement: '',
    tone: 'yellow',
    ...answered(entry),
    what: [`${request.subresource ?? 'entry'} into ${into}`, command.join(' ')]
      .filter((text) => text !== '')
      .join(': '),
  };
}

function ofDenied(denied: z.infer<typeof Denied>): HistoryRow {
  return { ...common(denied), placement: '', tone: 'dim', ...answered(denied), what: requestText(denied.request) };
}

const ofPlacement = (placement: z.infer<typeof Placed> | null): Pick<HistoryRow, 'placement' | 'tone'> => ({
  placement: placement ? `${placement.verdict} ${placement.where ?? placement.reason}` : '',
  tone: BY_VERDICT.get(placement?.verdict ?? '') ?? 'dim',
});

const answered = ({ source, request }: z.infer<typeof Denied>): Pick<HistoryRow, 'source' | 'code'> => ({
  source: source.address ?? 'none',
  code: String(request.code),
});

function ofRead(read: z.infer<typeof Read>): HistoryRow {
  const { opener, node, access, outcome, repeats } = read;
  const who = opener ? `${programText(opener)} (pid ${opener.pid})` : `nobody knows who (${read.lost ?? 'lost'})`;
  return {
    ...common(read),
    source: podText(opener?.pod) ?? node,
    placement: opener?.relation ?? '',
    tone: opener && ORDINARY.has(opener.relation) ? 'dim' : 'yellow',
    code: '',
    what: [
      `${access} ${fileText(read)}: ${who}`,
      ...(outcome === 'allowed' ? [] : [outcome]),
      ...(repeats === undefined ? [] : [`and ${repeats}× before`]),
    ].join(', '),
  };
}

function ofTokenFile(file: z.infer<typeof TokenFile>): HistoryRow {
  return {
    ...common(file),
    source: file.node,
    placement: '',
    tone: 'dim',
    code: '',
    what: `file ${fileText(file)} ${file.event}`,
  };
}

interface Told {
  timeText: string;
  principal?: string | undefined;
  credential?: { id: string } | undefined;
}

const common = ({ timeText, principal = '', credential }: Told) => ({
  time: whenText(timeText),
  principal: nameOf(principal),
  credential: credential?.id ?? '',
});

/** `get secrets shop/db-password`, or the path of a request that is about no resource. */
function requestText({ verb, resource, subresource, namespace, name, uri }: z.infer<typeof Request>): string {
  if (!resource) return `${verb} ${uri}`;
  const object = [namespace, name].filter((part) => part).join('/');
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${object && ` ${object}`}`;
}

const fileText = ({ file }: { file: { path: string; volume: string } }): string =>
  `${file.volume}/${basename(file.path)}`;

/** Its path before its own words; what it calls itself where that is another name: of one that is many (busybox) it says which. */
function programText({ exe, comm, args }: z.infer<typeof Opener>): string {
  const [called = '', ...rest] = args;
  const program = exe ?? comm;
  const isOther = called !== '' && nameIn(called) !== nameIn(program);
  return [program, ...(isOther ? [`(as ${called})`] : []), ...rest].join(' ');
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function podText(pod: z.infer<typeof Opener>['pod']): string | undefined {
  return pod && (pod.name === undefined ? pod.uid : `${pod.namespace}/${pod.name}`);
}
