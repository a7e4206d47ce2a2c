/** An exception that comes from no alert. */
import { useState } from 'preact/hooks';
import type { ExceptionBody } from '../../../../query/schemas/alerts.ts';
import type { RulesAnswer } from '../../../../query/schemas/fleet.ts';
import { type ApiProblem, post } from '../../api/client.ts';
import { useResource } from '../../api/resource.ts';
import { asProblem } from '../../api/session.ts';
import { type Expiry, ExpirySelect, expiryTime } from '../../parts/expiry.tsx';
import { Field } from '../../parts/field.tsx';
import { Failure } from '../../parts/states.tsx';
import { fullPrincipal } from './principal.ts';

export function ExceptionForm({ onDone }: { onDone(): void }) {
  const rules = useResource<RulesAnswer>('/api/v1/rules');
  const [rule, setRule] = useState('');
  const [principal, setPrincipal] = useState('');
  const [source, setSource] = useState('');
  const [cluster, setCluster] = useState('');
  const [reason, setReason] = useState('');
  const [expiry, setExpiry] = useState<Expiry>('90');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const body: ExceptionBody = {
      rule,
      principal: fullPrincipal(principal),
      source: source.trim() || null,
      cluster: cluster.trim() || null,
      reason: reason.trim(),
      expiresAt: expiryTime(expiry, Date.now()),
    };
    try {
      await post('/api/v1/exceptions', body);
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={(event) => void add(event)}>
      <Field label="Rule">
        {(own) => (
          <select {...own} required value={rule} onChange={(event) => setRule(event.currentTarget.value)}>
            <option value="">Choose one</option>
            {rules.value?.items.map(({ id, title }) => (
              <option key={id} value={id}>
                {title} ({id})
              </option>
            ))}
          </select>
        )}
      </Field>
      {rules.problem && <Failure problem={rules.problem} retry={rules.reload} />}
      <Text
        label="Principal"
        hint="shop/cart for a ServiceAccount, or a user's name"
        max={512}
        value={principal}
        onInput={setPrincipal}
        required
      />
      <Text
        label="Source"
        hint="An address or a network such as 10.0.0.0/8. Left empty: whatever the source"
        max={64}
        value={source}
        onInput={setSource}
      />
      <Text label="Cluster" hint="Left empty: every cluster" max={253} value={cluster} onInput={setCluster} />
      <Text
        label="Reason"
        hint="Whoever finds it in a year wants to know why"
        max={4000}
        value={reason}
        onInput={setReason}
        required
      />
      <ExpirySelect label="It ends" value={expiry} onChange={setExpiry} />
      {problem && <Failure problem={problem} />}
      <button type="submit" class="primary" disabled={isBusy}>
        Add
      </button>
    </form>
  );
}

interface TextProps {
  label: string;
  hint: string;
  max: number;
  value: string;
  required?: boolean;
  onInput(value: string): void;
}

const Text = ({ label, hint, max, value, required = false, onInput }: TextProps) => (
  <Field label={label} hint={hint}>
    {(own) => (
      <input
        {...own}
        type="text"
        maxLength={max}
        required={required}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    )}
  </Field>
);
