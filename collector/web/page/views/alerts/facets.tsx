/** What the alerts can be narrowed down by, with how many each choice would leave. */

import { useEffect } from 'preact/hooks';
import { printable } from '../../../../../shared/text.ts';
import type { CountsAnswer } from '../../../../query/schemas/alerts.ts';
import type { Query } from '../../api/client.ts';
import { useResource } from '../../api/resource.ts';
import type { AddressState } from '../../parts/address.ts';
import { accountName } from '../../parts/text.tsx';
import { filterOf, isAtLeast, PICKED, SEVERITIES, STATUSES, statusesOf, without, withStatus } from './question.ts';

interface FacetsProps {
  address: AddressState;
  /** Changes when the counts may have. */
  changes: number;
}

export function Facets({ address, changes }: FacetsProps) {
  const filter = filterOf(address.all);
  const bySeverity = useCounts(without(filter, ['severity']), changes);
  const byStatus = useCounts(without(filter, ['status']), changes);
  // What is picked must not hide what else could be; without that it is the same question.
  const isNarrowed = [...PICKED, 'severity'].some((name) => filter[name]);
  const choices = useCounts(isNarrowed ? without(filter, PICKED) : null, changes) ?? bySeverity;
  const chosen = statusesOf(address.all);
  const severity = address.of('severity');
  return (
    <>
      <fieldset class="facet">
        <legend class="unseen">Severity</legend>
        {SEVERITIES.map((name) => (
          <Choice
            key={name}
            name={name}
            kind="severity"
            title={name === 'critical' ? 'Critical ones only' : `Those that are ${name} or worse`}
            count={bySeverity?.severity[name]}
            pressed={isAtLeast(name, severity)}
            onToggle={() => address.set({ severity: severity === name ? null : name })}
          />
        ))}
      </fieldset>
      <fieldset class="facet">
        <legend class="unseen">Status</legend>
        {STATUSES.map((name) => (
          <Choice
            key={name}
            name={name}
            kind="status"
            title={`Alerts that are ${name}`}
            count={byStatus?.status[name]}
            pressed={chosen.includes(name)}
            onToggle={() => address.set({ status: withStatus(address.all, name) })}
          />
        ))}
      </fieldset>
      {PICKED.map((name) => (
        <Picker key={name} name={name} address={address} tallies={choices?.[name] ?? []} />
      ))}
    </>
  );
}

/** @param query null: nothing is asked for */
function useCounts(query: Query | null, changes: number): CountsAnswer | undefined {
  const { value, reload } = useResource<CountsAnswer>(query && '/api/v1/alerts/counts', query ?? {});
  useEffect(() => {
    if (changes > 0) reload();
  }, [changes]);
  return query ? value : undefined;
}

interface ChoiceProps {
  name: string;
  kind: 'severity' | 'status';
  title: string;
  count: number | undefined;
  pressed: boolean;
  onToggle(): void;
}

function Choice({ name, kind, title, count, pressed, onToggle }: ChoiceProps) {
  return (
    <button
      type="button"
      class={`choice ${kind}-${name} ${count === 0 ? 'choice-none' : ''}`}
      title={title}
      aria-pressed={pressed}
      onClick={onToggle}
    >
      {name} {count !== undefined && <span class="choice-count">{count.toLocaleString()}</span>}
    </button>
  );
}

const ALL = { principal: 'Every principal', rule: 'Every rule', cluster: 'Every cluster' } as const;

interface PickerProps {
  name: keyof typeof ALL;
  address: AddressState;
  tallies: CountsAnswer['rule'];
}

/** Nothing to pick from is nothing to show, unless something is picked already. */
function Picker({ name, address, tallies }: PickerProps) {
  const picked = address.of(name) ?? '';
  if (tallies.length < 2 && picked === '') return null;
  const isListed = picked === '' || tallies.some(({ value }) => value === picked);
  const wordsOf = name === 'principal' ? accountName : printable;
  return (
    <select aria-label={name} value={picked} onChange={(event) => address.set({ [name]: event.currentTarget.value })}>
      <option value="">{ALL[name]}</option>
      {!isListed && <option value={picked}>{wordsOf(picked)}</option>}
      {tallies.map(({ value, count }) => (
        <option key={value} value={value}>
          {wordsOf(value)} ({count.toLocaleString()})
        </option>
      ))}
    </select>
  );
}
