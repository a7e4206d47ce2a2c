/** Until when an exception is in force. */
import { DAY, type Micros } from '../../../../shared/time.ts';
import { Field } from './field.tsx';

const EXPIRIES = { 7: 'in 7 days', 30: 'in 30 days', 90: 'in 90 days', never: 'never by themselves' } as const;
export type Expiry = `${keyof typeof EXPIRIES}`;
const NAMES = ['7', '30', '90', 'never'] as const satisfies readonly Expiry[];

/** Null: never. @param nowMillis since 1970 UTC */
export const expiryTime = (expiry: Expiry, nowMillis: number): Micros | null =>
  expiry === 'never' ? null : nowMillis * 1000 + Number(expiry) * DAY;

interface ExpirySelectProps {
  label: string;
  value: Expiry;
  onChange(value: Expiry): void;
}

export const ExpirySelect = ({ label, value, onChange }: ExpirySelectProps) => (
  <Field label={label}>
    {(own) => (
      <select
        {...own}
        value={value}
        onChange={(event) => onChange(NAMES.find((name) => name === event.currentTarget.value) ?? value)}
      >
        {NAMES.map((name) => (
          <option key={name} value={name}>
            {EXPIRIES[name]}
          </option>
        ))}
      </select>
    )}
  </Field>
);
