/** What a filter of the history means in SQL. */
import { HISTORY_KINDS, type HistoryFilter, type HistoryKind } from '../store.ts';
import { type Condition, type Parameter, where } from './sql.ts';

/**
 * One way in which a row can match; no row matches in two. Told apart rather than joined by OR: what is true of one column
 * lets DuckDB skip the others of most rows.
 */
interface Way {
  /** Undefined: of any kind. */
  kind?: HistoryKind;
  conditions: Condition[];
}

/** @returns the ways in which a row can match, as conditions; none: nothing ever does */
export function waysToMatch(filter: HistoryFilter): Condition[][] {
  let ways: Way[] = [{ conditions: common(filter), ...(filter.kind && { kind: filter.kind }) }];
  for (const choice of [principal(filter), credential(filter), pod(filter)]) {
    if (choice) ways = ways.flatMap((way) => choice.flatMap((other) => both(way, other)));
  }
  return ways.map(({ kind, conditions }) => [kind === undefined ? [OF_HISTORY] : ['kind = ?', kind], ...conditions]);
}

const OF_HISTORY = `kind IN (${HISTORY_KINDS.map((kind) => `'${kind}'`).join(', ')})`;

function both(one: Way, other: Way): Way[] {
  const { kind = other.kind } = one;
  if (kind !== (other.kind ?? kind)) return [];
  return [{ conditions: [...one.conditions, ...other.conditions], ...(kind && { kind }) }];
}

function common(filter: HistoryFilter): Condition[] {
  const { userAgent } = filter;
  const beginning = userAgent?.endsWith('*') ? userAgent.slice(0, -1) : undefined;
  return [
    ['time >= ?', filter.since],
    ['time < ?', filter.until],
    ['cluster = ?', filter.cluster],
    ['node_name = ?', filter.node],
    ['source = ?', filter.source],
    ['user_agent = ?', beginning === undefined ? userAgent : undefined],
    ['starts_with(user_agent, ?)', beginning],
    ['verb = ?', filter.verb],
    ['resource = ?', filter.resource?.resource],
    ['subresource = ?', filter.resource?.subresource],
    ['placement = ?', filter.placement],
    ['placement_where = ?', filter.where],
    ['code = ?', filter.code],
  ];
}

/** Who used it or whose token it is; for whom it was issued. */
function principal({ principal: name }: HistoryFilter): Way[] | undefined {
  if (name === undefined) return undefined;
  return [
    { conditions: [['principal = ?', name]] },
    {
      kind: 'issue',
      conditions: [
        ['subject = ?', name],
        ['principal IS DISTINCT FROM ?', name],
      ],
    },
  ];
}

function credential({ credential: id }: HistoryFilter): Way[] | undefined {
  if (id === undefined) return undefined;
  return [
    { conditions: [['credential = ?', id]] },
    {
      kind: 'issue',
      conditions: [
        ['issued = ?', id],
        ['credential IS DISTINCT FROM ?', id],
      ],
    },
  ];
}

/** Whose token it is, or whose file; which was entered, of which the uid is not told. */
function pod({ pod: asked }: HistoryFilter): Way[] | undefined {
  if (asked === undefined) return undefined;
  if ('uid' in asked) return [{ conditions: [['pod_uid = ?', asked.uid]] }];
  const { namespace, name } = asked;
  const isItsToken = 'pod_namespace = ? AND pod_name = ?';
  return [
    { conditions: [[isItsToken, namespace, name]] },
    {
      kind: 'entry',
      conditions: [
        ['namespace = ? AND name = ?', namespace, name],
        [`(${isItsToken}) IS DISTINCT FROM true`, namespace, name],
      ],
    },
  ];
}

/**
 * The columns of the rows that match, of what is decided and what is not yet.
 *
 * @param values of the statement; theirs are added
 * @param each added to every part: an order and a limit do not get through a union by themselves
 */
export function matching(filter: HistoryFilter, columns: string, values: Parameter[], each: Part = {}): string {
  const { and = [], order = '' } = each;
  const parts = waysToMatch(filter).flatMap((way) =>
    ['observations', 'undecided'].map((table) => {
      const { sql } = where([...way, ...and], values);
      return `(SELECT ${columns} FROM ${table} ${sql} ${order})`;
    }),
  );
  return parts.length === 0 ? `(SELECT ${columns} FROM undecided WHERE false)` : parts.join(' UNION ALL ');
}

interface Part {
  and?: readonly Condition[];
  order?: string;
}
