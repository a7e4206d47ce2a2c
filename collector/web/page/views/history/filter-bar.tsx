/** What is asked for: each filter as a chip that can be taken away, the time, and a field for each. */
import { useState } from 'preact/hooks';
import { printable } from '../../../../../shared/text.ts';
import type { AddressState, Change } from '../../parts/address.ts';
import { accountName } from '../../parts/text.tsx';
import { localText } from '../../parts/time.tsx';
import {
  activeFilters,
  FIELDS,
  type FilterField,
  fromLocalInput,
  PRESETS,
  rangeOf,
  timeChange,
  toLocalInput,
} from './filters.ts';

export function Chips({ address }: { address: AddressState }) {
  const active = activeFilters(address.all);
  const { since, until } = rangeOf(address.all);
  const hasTime = address.of('last') === undefined && (since !== undefined || until !== undefined);
  if (active.length === 0 && !hasTime) return null;
  const none = Object.fromEntries(FIELDS.map(({ name }) => [name, null]));
  return (
    <ul class="chips" aria-label="Filters">
      {active.map(({ field, value }) => (
        <Chip key={field.name} label={field.label} onRemove={() => address.set({ [field.name]: null })}>
          {field.name === 'principal' ? accountName(value) : printable(value)}
        </Chip>
      ))}
      {hasTime && (
        <Chip label="Time" onRemove={() => address.set(timeChange(undefined, undefined))}>
          {since === undefined ? 'the beginning' : localText(since)} to {until === undefined ? 'now' : localText(until)}
        </Chip>
      )}
      {active.length + Number(hasTime) > 1 && (
        <li>
          <button
            type="button"
            class="quiet"
            onClick={() => address.set({ ...none, last: null, since: null, until: null })}
          >
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}

function Chip({ label, children, onRemove }: { label: string; children: preact.ComponentChildren; onRemove(): void }) {
  return (
    <li class="chip">
      <span class="soft">{label}</span> <span>{children}</span>
      <button type="button" class="quiet" aria-label={`Remove the filter ${label}`} onClick={onRemove}>
        ×
      </button>
    </li>
  );
}

export function Presets({ address }: { address: AddressState }) {
  const last = address.of('last');
  const isAll = !last && !address.of('since') && !address.of('until');
  return (
    <fieldset class="segments">
      <legend class="unseen">Time</legend>
      {PRESETS.map((preset) => (
        <button
          key={preset.last}
          type="button"
          aria-pressed={last === preset.last}
          onClick={() => address.set({ last: preset.last, since: null, until: null })}
        >
          {preset.label}
        </button>
      ))}
      <button type="button" aria-pressed={isAll} onClick={() => address.set(timeChange(undefined, undefined))}>
        All
      </button>
    </fieldset>
  );
}

export function FilterFields({ address }: { address: AddressState }) {
  const { since, until } = rangeOf(address.all);
  // What is in the address comes back into the fields when it changes elsewhere.
  const [open, setOpen] = useState(false);
  const apply = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const given = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = given.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    const change: Change = Object.fromEntries(FIELDS.map(({ name }) => [name, text(name) || null]));
    const [from, to] = [text('since'), text('until')];
    // The field shows whole seconds: what was not touched stays as it is.
    const isSameTime = from === toLocalInput(since) && to === toLocalInput(until);
    address.set({ ...change, ...(!isSameTime && timeChange(fromLocalInput(from), fromLocalInput(to))) });
  };
  return (
    <details class="fields" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All filters</summary>
      {open && (
        <form key={JSON.stringify(address.all)} onSubmit={apply}>
          {FIELDS.map((field) => (
            <Field key={field.name} field={field} value={address.of(field.name) ?? ''} />
          ))}
          <label>
            Since
            <input type="datetime-local" step={1} name="since" defaultValue={toLocalInput(since)} />
          </label>
          <label>
            Until
            <input type="datetime-local" step={1} name="until" defaultValue={toLocalInput(until)} />
          </label>
          <button type="submit" class="primary">
            Apply
          </button>
        </form>
      )}
    </details>
  );
}

function Field({ field: { name, label, example, choices }, value }: { field: FilterField; value: string }) {
  if (!choices) {
    return (
      <label>
        {label}
        <input name={name} defaultValue={value} placeholder={example} autocomplete="off" spellcheck={false} />
      </label>
    );
  }
  return (
    <label>
      {label}
      <select name={name} defaultValue={value}>
        <option value="">any</option>
        {choices.map((choice) => (
          <option key={choice} value={choice} selected={choice === value}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  );
}
