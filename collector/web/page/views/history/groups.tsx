/** The same events summed up by one of their properties; a click looks at one of them alone. */

import type { GroupsAnswer } from '../../../../query/schemas/history.ts';
import type { Grouping } from '../../../../store/history-summaries.ts';
import { type Resource, useResource } from '../../api/resource.ts';
import type { AddressState } from '../../parts/address.ts';
import { Awaited, Empty } from '../../parts/states.tsx';
import { Table } from '../../parts/table.tsx';
import { accountName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { fieldOf } from './filters.ts';

type Group = GroupsAnswer['groups'][number];

const BY: readonly Grouping[] = [
  'principal',
  'source',
  'credential',
  'pod',
  'node',
  'userAgent',
  'resource',
  'verb',
  'placement',
  'code',
  'kind',
  'cluster',
];
const ORDERS = [
  ['count', 'most first'],
  ['first', 'newest first seen'],
  ['last', 'last seen first'],
] as const;
const FEW = 8;
const MANY = 100;

export function Groups({ address, query }: { address: AddressState; query: Readonly<Record<string, string>> }) {
  const by = BY.find((one) => one === address.of('by')) ?? 'principal';
  const order = ORDERS.find(([one]) => one === address.of('order'))?.[0] ?? 'count';
  const limit = address.of('groups') === 'many' ? MANY : FEW;
  const since = query['since'];
  const onlyNew = since !== undefined && address.of('new') === 'only';
  const all = useResource<GroupsAnswer>(onlyNew ? null : '/api/v1/history/groups', { ...query, by, order, limit });
  const fresh = useResource<GroupsAnswer>(since === undefined ? null : '/api/v1/history/groups', {
    ...query,
    by,
    order: onlyNew ? order : 'first',
    limit: onlyNew ? limit : MANY,
    newSince: since ?? null,
  });
  const isNew = new Set(fresh.value?.by === by ? fresh.value.groups.map(({ value }) => value) : []);
  const label = fieldOf(by)?.label.toLowerCase() ?? by;
  return (
    <section class="card" aria-labelledby="groups-title">
      <div class="toolbar">
        <h2 id="groups-title">By</h2>
        <select
          aria-label="Group by"
          value={by}
          onChange={(event) => address.set({ by: event.currentTarget.value, groups: null })}
        >
          {BY.map((one) => (
            <option key={one} value={one}>
              {fieldOf(one)?.label.toLowerCase() ?? one}
            </option>
          ))}
        </select>
        <select
          aria-label="Order of groups"
          value={order}
          onChange={(event) => address.set({ order: event.currentTarget.value })}
        >
          {ORDERS.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
        <label title={since === undefined ? 'Choose a time first: new is what was never seen before it.' : undefined}>
          <input
            type="checkbox"
            checked={onlyNew}
            disabled={since === undefined}
            onChange={(event) => address.set({ new: event.currentTarget.checked ? 'only' : null })}
          />{' '}
          only what was never seen before
        </label>
      </div>
      <GroupTable
        resource={onlyNew ? fresh : all}
        label={label}
        isNew={(value) => isNew.has(value)}
        onChoose={(value) => address.set({ [by]: value })}
        onMore={limit === FEW ? () => address.set({ groups: 'many' }, { replace: true }) : undefined}
        isPrincipal={by === 'principal'}
      />
    </section>
  );
}

interface GroupTableProps {
  resource: Resource<GroupsAnswer>;
  label: string;
  isNew(value: string | null): boolean;
  onChoose(value: string): void;
  onMore: (() => void) | undefined;
  isPrincipal: boolean;
}

function GroupTable({ resource, label, isNew, onChoose, onMore, isPrincipal }: GroupTableProps) {
  return (
    <Awaited resource={resource} what="groups">
      {({ groups, total }) => {
        if (groups.length === 0) return <Empty title="Nothing to sum up." />;
        const most = Math.max(...groups.map(({ count }) => count));
        return (
          <>
            <Table
              label="Groups"
              heads={[
                label,
                { number: 'events' },
                { number: 'away' },
                { number: 'unclear' },
                { number: 'refused', title: 'answered with 400 or more' },
                'first seen',
                'last seen',
              ]}
              class="groups"
            >
              <tbody>
                {groups.map((group) => (
                  <GroupRow
                    key={group.value}
                    group={group}
                    most={most}
                    isNew={isNew(group.value)}
                    isPrincipal={isPrincipal}
                    onChoose={onChoose}
                  />
                ))}
              </tbody>
            </Table>
            {total > groups.length && (
              <p class="soft groups-more">
                {groups.length.toLocaleString()} of {total.toLocaleString()} are shown.{' '}
                {onMore ? (
                  <button type="button" onClick={onMore}>
                    Show more
                  </button>
                ) : (
                  'Filter to see the others.'
                )}
              </p>
            )}
          </>
        );
      }}
    </Awaited>
  );
}

interface GroupRowProps {
  group: Group;
  most: number;
  isNew: boolean;
  isPrincipal: boolean;
  onChoose(value: string): void;
}

function GroupRow({ group, most, isNew, isPrincipal, onChoose }: GroupRowProps) {
  const { value, count, away, unclear, refused, firstSeen, lastSeen } = group;
  return (
    <tr>
      <th scope="row">
        {value === null ? (
          <span class="soft">has none</span>
        ) : (
          <button type="button" class="link" title="Look at this alone" onClick={() => onChoose(value)}>
            {isPrincipal ? accountName(value) : <Said text={value} />}
          </button>
        )}
        {isNew && <span class="badge severity-low"> new</span>}
      </th>
      <td class="number">
        <div class="counted">
          <meter class="share" aria-hidden="true" min={0} max={most} value={count} />
          <span>{count.toLocaleString()}</span>
        </div>
      </td>
      <td class={away > 0 ? 'number some-away' : 'number'}>{away.toLocaleString()}</td>
      <td class="number">{unclear.toLocaleString()}</td>
      <td class="number">{refused.toLocaleString()}</td>
      <td>
        <Time at={firstSeen} />
      </td>
      <td>
        <Time at={lastSeen} />
      </td>
    </tr>
  );
}
