/** The alerts, a row each; on a narrow screen a card each. */
import { useEffect, useRef } from 'preact/hooks';
import { Link } from 'wouter-preact';
import type { LiveAlert } from '../../api/live.ts';
import { alertPath } from '../../parts/address.ts';
import { SeverityBadge, StatusBadge } from '../../parts/badges.tsx';
import { accountName, placeName, reasonName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { keyOf, usesAway } from './rows.ts';
import { isTyping } from './search-box.tsx';

interface TableProps {
  rows: readonly LiveAlert[];
  fresh: ReadonlySet<string>;
  /** Undefined: nothing can be done with them. */
  chosen: ReadonlySet<string> | undefined;
  onChoose(keys: ReadonlySet<string>): void;
  showCluster: boolean;
}

export function AlertsTable({ rows, fresh, chosen, onChoose, showCluster }: TableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  const all = rows.map(keyOf);
  const isAll = all.length > 0 && all.every((key) => chosen?.has(key));
  const toggle = (key: string): void => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    onChoose(next);
  };
  return (
    <table class="alerts-table">
      <thead>
        <tr>
          {chosen && (
            <th class="choose">
              <label>
                <input
                  type="checkbox"
                  aria-label="Select all that are shown"
                  checked={isAll}
                  indeterminate={!isAll && chosen.size > 0}
                  onChange={() => onChoose(new Set(isAll ? [] : all))}
                />
                <span class="narrow-only">Select all</span>
              </label>
            </th>
          )}
          <th scope="col">Severity</th>
          <th scope="col">Alert</th>
          <th scope="col">Principal</th>
          <th scope="col">From</th>
          <th scope="col" class="number">
            Uses
          </th>
          <th scope="col">Last seen</th>
          <th scope="col">Status</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((alert) => {
          const key = keyOf(alert);
          return (
            <Row
              key={key}
              alert={alert}
              isFresh={fresh.has(key)}
              chosen={chosen?.has(key)}
              onChoose={() => toggle(key)}
              showCluster={showCluster}
            />
          );
        })}
      </tbody>
    </table>
  );
}

interface RowProps {
  alert: LiveAlert;
  isFresh: boolean;
  chosen: boolean | undefined;
  onChoose(): void;
  showCluster: boolean;
}

function Row({ alert, isFresh, chosen, onChoose, showCluster }: RowProps) {
  const classes = [isFresh && 'row-fresh', alert.status === 'closed' && 'row-closed'].filter(Boolean).join(' ');
  return (
    <tr class={classes} aria-selected={chosen}>
      {chosen !== undefined && (
        <td class="choose">
          <input
            type="checkbox"
            aria-label={`Select ${alert.title}, ${accountName(alert.principal)}`}
            checked={chosen}
            onChange={onChoose}
          />
        </td>
      )}
      <td class="cell-severity">
        <SeverityBadge severity={alert.severity} />
        <small title={alert.confidenceWhy}>{alert.confidence} confidence</small>
      </td>
      <td class="cell-alert">
        <Link href={alertPath(alert)} data-row="">
          <Said text={alert.title} />
        </Link>
        <p>
          <Said text={alert.summary} />
        </p>
      </td>
      <td class="cell-principal">
        <span title={alert.principal}>{accountName(alert.principal)}</span>
        {showCluster && (
          <small>
            <Said text={alert.cluster} />
          </small>
        )}
      </td>
      <td class="cell-from">
        <From sources={alert.sources} />
      </td>
      <td class="number cell-uses" title="Uses away from home">
        {usesAway(alert).toLocaleString()}
        <span class="narrow-only"> uses away</span>
      </td>
      <td class="cell-seen">
        <Time at={alert.lastSeen} as="ago" />
      </td>
      <td class="cell-status">
        <StatusBadge status={alert.status} />
        {alert.resolution && <small>{reasonName(alert.resolution.reason)}</small>}
        {alert.assignee !== undefined && (
          <small>
            <Said text={alert.assignee} />
          </small>
        )}
      </td>
    </tr>
  );
}

/** The address that it was most used from; the others are counted. */
function From({ sources }: Pick<LiveAlert, 'sources'>) {
  const [most] = sources;
  if (!most) return <span class="soft">not used away</span>;
  return (
    <>
      <Said text={most.address} mono />
      <small>
        {placeName(most.where)}
        {sources.length > 1 && `, and ${sources.length - 1} more`}
      </small>
    </>
  );
}

/** j and k go from alert to alert. */
function useRowKeys(body: { current: HTMLElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const step = { j: 1, k: -1 }[event.key];
      if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const links = [...(body.current?.querySelectorAll<HTMLElement>('a[data-row]') ?? [])];
      const row = document.activeElement?.closest('tr');
      const at = links.findIndex((link) => link.closest('tr') === row);
      links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
