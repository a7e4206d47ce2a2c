/** What has been found: worst first, live, and what can be done with several at once. */
import './alerts.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CountsAnswer } from '../../../../query/schemas/alerts.ts';
import { useResource } from '../../api/resource.ts';
import { mayAct } from '../../api/session.ts';
import { type AddressState, useAddress } from '../../parts/address.ts';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { counted, Said } from '../../parts/text.tsx';
import { useTitle } from '../../parts/title.ts';
import { BlindNote } from './blind.tsx';
import { Bulk } from './bulk.tsx';
import { Facets } from './facets.tsx';
import { filterOf, NARROWING, ORDERS, orderOf } from './question.ts';
import { keyOf } from './rows.ts';
import { SearchBox } from './search-box.tsx';
import { AlertsTable } from './table.tsx';
import { type ListedAlerts, useAlerts } from './use-alerts.ts';
import { useBusy } from './use-busy.ts';

const NONE: ReadonlySet<string> = new Set();

export function Alerts() {
  const address = useAddress();
  const onCalm = useRef(() => undefined as void);
  const { watch, isBusy } = useBusy(onCalm);
  const order = orderOf(address.all);
  const listed = useAlerts({ ...filterOf(address.all), order }, isBusy);
  onCalm.current = listed.showWaiting;
  const [chosen, setChosen] = useState(NONE);
  const filter = JSON.stringify(filterOf(address.all));
  useEffect(() => setChosen(NONE), [filter]);
  useOpenInTitle(listed.changes);
  const rows = listed.rows ?? [];
  return (
    <>
      <div class="alerts-head">
        <h1>Alerts</h1>
        <SearchBox address={address} />
        <select
          aria-label="Order"
          value={order}
          onChange={(event) => {
            const next = event.currentTarget.value;
            address.set({ order: next === 'worst' ? null : next });
          }}
        >
          {Object.entries(ORDERS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <BlindNote />
      <div class="toolbar">
        <Facets address={address} changes={listed.changes} />
        <Narrowed address={address} />
      </div>
      <p class="unseen" role="status">
        {listed.fresh.size > 0 && `${counted(listed.fresh.size, 'new alert')} since you came here`}
      </p>
      <div ref={watch}>
        {listed.problem && <Failure problem={listed.problem} retry={listed.reload} />}
        {listed.waiting > 0 && (
          <button type="button" class="alerts-waiting" onClick={listed.showWaiting}>
            {counted(listed.waiting, 'new alert')}: show
          </button>
        )}
        {!listed.rows && !listed.problem && <Loading what="the alerts" />}
        {listed.rows?.length === 0 && <NoAlerts address={address} />}
        {rows.length > 0 && (
          <AlertsTable
            rows={rows}
            fresh={listed.fresh}
            chosen={mayAct() ? chosen : undefined}
            onChoose={setChosen}
            showCluster={new Set(rows.map(({ cluster }) => cluster)).size > 1}
          />
        )}
      </div>
      <Bulk
        alerts={rows.filter((alert) => chosen.has(keyOf(alert)))}
        onDone={(changed) => {
          listed.put(changed);
          setChosen(NONE);
        }}
        onCancel={() => setChosen(NONE)}
      />
      <More listed={listed} />
    </>
  );
}

/** What is set and has no control of its own is shown, so that it can be taken away. */
function Narrowed({ address }: { address: AddressState }) {
  const isSet = NARROWING.some((name) => address.of(name)) || address.of('status') !== undefined;
  if (!isSet) return null;
  const others = (['source', 'assignee', 'since', 'until'] as const).filter((name) => address.of(name));
  return (
    <>
      {others.map((name) => (
        <button
          key={name}
          type="button"
          class="choice"
          aria-label={`Take away: ${name} ${address.of(name)}`}
          onClick={() => address.set({ [name]: null })}
        >
          {name} <Said text={address.of(name) ?? ''} /> ×
        </button>
      ))}
      <button type="button" class="quiet" onClick={() => address.set(nothing())}>
        Clear filters
      </button>
    </>
  );
}

const nothing = (): Record<string, null> => Object.fromEntries([...NARROWING, 'status'].map((name) => [name, null]));

function NoAlerts({ address }: { address: AddressState }) {
  if (NARROWING.some((name) => address.of(name))) {
    return (
      <Empty title="No alert is like that.">
        <button type="button" onClick={() => address.set(nothing())}>
          Clear filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="There are no alerts to look after.">
      <p>New ones appear here by themselves.</p>
      <button type="button" onClick={() => address.set({ status: 'open,acknowledged,closed' })}>
        Show closed ones too
      </button>
    </Empty>
  );
}

function More({ listed }: { listed: ListedAlerts }) {
  const [isBusy, setBusy] = useState(false);
  if (listed.next === null) return null;
  const more = async (): Promise<void> => {
    setBusy(true);
    await listed.more();
    setBusy(false);
  };
  return (
    <p class="alerts-more">
      <button type="button" disabled={isBusy} onClick={() => void more()}>
        {isBusy ? 'Loading…' : 'Show more'}
      </button>
    </p>
  );
}

/** How many are open, whatever is listed: seen in the tab from another one. */
function useOpenInTitle(changes: number): void {
  const { value, reload } = useResource<CountsAnswer>('/api/v1/alerts/counts', { status: 'open' });
  useEffect(() => {
    if (changes > 0) reload();
  }, [changes]);
  useTitle(value && value.total > 0 ? `(${value.total.toLocaleString()}) Alerts` : 'Alerts');
}
