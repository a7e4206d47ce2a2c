/** What Truant looks for, what each rule needs and what to do about it; and how many alerts each has raised. */
import { Link } from 'wouter-preact';
import { printable } from '../../../../../shared/text.ts';
import type { RulesAnswer } from '../../../../query/schemas/fleet.ts';
import { useResource } from '../../api/resource.ts';
import { type AddressState, useAddress, usePathParts } from '../../parts/address.ts';
import { SeverityBadge } from '../../parts/badges.tsx';
import { Awaited, Empty } from '../../parts/states.tsx';
import { Table } from '../../parts/table.tsx';
import { Said } from '../../parts/text.tsx';
import { useTitle } from '../../parts/title.ts';
import { worstFirst } from './order.ts';
import { alertsOfRule, type RuleItem, RulePage, SCOPES } from './rule.tsx';
import './rules.css';

export default function Rules() {
  const [, id] = usePathParts();
  useTitle(id ? printable(id) : 'Rules');
  const rules = useResource<RulesAnswer>('/api/v1/rules');
  const address = useAddress();
  return (
    <div class="rules">
      <Awaited resource={rules} what="the rules">
        {({ items }) => {
          if (!id) return <Catalogue rules={items} address={address} />;
          const rule = items.find((one) => one.id === id);
          if (rule) return <RulePage rule={rule} />;
          return (
            <Empty title="There is no rule of that name.">
              <Link href="/rules">All rules</Link>
            </Empty>
          );
        }}
      </Awaited>
    </div>
  );
}

function Catalogue({ rules, address }: { rules: readonly RuleItem[]; address: AddressState }) {
  const wanted = (address.of('q') ?? '').toLowerCase();
  const shown = rules
    .filter((rule) => JSON.stringify([rule.id, rule.title, rule.attack, rule.why]).toLowerCase().includes(wanted))
    .toSorted(worstFirst);
  return (
    <>
      <header class="toolbar">
        <h1>Rules</h1>
        <input
          type="search"
          aria-label="Filter rules"
          placeholder="Words, or a technique: T1528"
          value={address.of('q') ?? ''}
          onInput={(event) => address.set({ q: event.currentTarget.value }, { replace: true })}
        />
        <span class="soft">
          {shown.length} of {rules.length}
        </span>
      </header>
      {shown.length === 0 ? (
        <Empty title="No rule has these words.">
          <button type="button" onClick={() => address.set({ q: null })}>
            Show all
          </button>
        </Empty>
      ) : (
        <div class="card">
          <Table
            label="Rules"
            heads={['severity', 'rule', 'scope', 'ATT&CK', { number: 'open' }, { number: 'alerts' }]}
            class="catalogue"
          >
            <tbody>
              {shown.map((rule) => (
                <RuleRow key={rule.id} rule={rule} />
              ))}
            </tbody>
          </Table>
        </div>
      )}
    </>
  );
}

function RuleRow({ rule }: { rule: RuleItem }) {
  const { id, title, severity, scope, attack, open, alerts } = rule;
  return (
    <tr>
      <td>
        <SeverityBadge severity={severity} />
      </td>
      <th scope="row">
        <Link href={`/rules/${encodeURIComponent(id)}`}>
          <Said text={title} />
        </Link>
        <div class="soft">
          <Said text={id} mono />
        </div>
      </th>
      <td title={SCOPES[scope]}>{scope}</td>
      <td class="soft">
        {attack.map((technique) => (
          <div key={technique.id}>
            {technique.id} {technique.name}
          </div>
        ))}
      </td>
      <td class="number">{open > 0 ? <strong>{open.toLocaleString()}</strong> : 0}</td>
      <td class="number">{alerts === 0 ? 0 : <Link href={alertsOfRule(id)}>{alerts.toLocaleString()}</Link>}</td>
    </tr>
  );
}
