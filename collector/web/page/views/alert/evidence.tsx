/** What an alert rests on, oldest first, each with the whole observation on demand. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import type { Evidence } from '../../../../../shared/schema/alert.ts';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import type { ObservationAnswer } from '../../../../query/schemas/history.ts';
import { useResource } from '../../api/resource.ts';
import { historyPath } from '../../parts/address.ts';
import { Raw } from '../../parts/raw.tsx';
import { Awaited } from '../../parts/states.tsx';
import { counted, placementName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';

const FIRST = 12;

interface EvidenceProps {
  alert: AlertAnswer;
  /** Whose observation is to be seen. */
  shown: string | undefined;
  onShow(id: string | undefined): void;
}

export function EvidenceCard({ alert, shown, onShow }: EvidenceProps) {
  const [isWhole, setWhole] = useState(false);
  const all = [...alert.evidence].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const at = all.findIndex(({ id }) => id === shown);
  const items = isWhole || at >= FIRST ? all : all.slice(0, FIRST);
  const left = alert.evidenceTotal - alert.evidence.length;
  return (
    <section class="card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">Evidence ({alert.evidenceTotal.toLocaleString()})</h2>
      <table class="evidence">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Kind</th>
            <th scope="col">Who, where</th>
            <th scope="col">What</th>
            <th scope="col">
              <span class="unseen">Observation</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Item
              key={item.id}
              item={item}
              cluster={alert.cluster}
              isShown={item.id === shown}
              onToggle={() => onShow(item.id === shown ? undefined : item.id)}
            />
          ))}
        </tbody>
      </table>
      {items.length < all.length && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {all.length.toLocaleString()}
        </button>
      )}
      {left > 0 && (
        <p class="soft">
          The alert keeps {counted(alert.evidence.length, 'piece')} of it; the other {left.toLocaleString()} are in the{' '}
          <Link
            href={historyPath({ credential: alert.credential, principal: alert.credential ? null : alert.principal })}
          >
            history
          </Link>
          .
        </p>
      )}
    </section>
  );
}

interface ItemProps {
  item: Evidence;
  cluster: string;
  isShown: boolean;
  onToggle(): void;
}

function Item({ item, cluster, isShown, onToggle }: ItemProps) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isShown) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isShown]);
  return (
    <>
      <tr ref={row} class={isShown ? 'evidence-shown' : ''}>
        <td class="evidence-time">
          <Time at={item.time} as="clock" />
        </td>
        <td>
          <span class={`badge ${item.placement?.startsWith('away') ? 'verdict-away' : ''}`}>{item.kind}</span>
        </td>
        <td>
          <Where item={item} />
        </td>
        <td>
          <Said text={deedOf(item)} />
          {item.placement !== undefined && <small> {placementName(item.placement)}</small>}
          <p class="evidence-rules">
            {item.rules.map((rule) => (
              <Link key={rule} href={`/rules/${encodeURIComponent(rule)}`}>
                {rule}
              </Link>
            ))}
          </p>
        </td>
        <td>
          <button
            type="button"
            class="quiet"
            aria-expanded={isShown}
            aria-label={`${isShown ? 'Hide' : 'Raw'}: observation of ${item.time}`}
            onClick={onToggle}
          >
            {isShown ? 'Hide' : 'Raw'}
          </button>
        </td>
      </tr>
      {isShown && (
        <tr class="evidence-raw">
          <td colSpan={5}>
            <Whole item={item} cluster={cluster} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Who it was stands beside it. */
const deedOf = ({ what, reader }: Evidence): string =>
  reader !== undefined && what.startsWith(`${reader}, `) ? what.slice(reader.length + 2) : what;

function Where({ item }: { item: Evidence }) {
  if (item.reader !== undefined) return <Said text={item.reader} />;
  return (
    <>
      {item.source && (
        <Link href={historyPath({ source: item.source })}>
          <Said text={item.source} mono />
        </Link>
      )}
      {item.userAgent !== undefined && (
        <small class="evidence-agent">
          <Said text={item.userAgent} />
        </small>
      )}
    </>
  );
}

function Whole({ item, cluster }: { item: Evidence; cluster: string }) {
  const path = `/api/v1/observations/${encodeURIComponent(item.id)}`;
  const resource = useResource<ObservationAnswer>(path, { cluster, time: item.time });
  return (
    <Awaited resource={resource} what="the observation">
      {({ observation, placement }) => (
        <>
          {placement && (
            <p>
              <strong>{placement.verdict}:</strong> <Said text={placement.sentence} />
            </p>
          )}
          <Raw value={observation} what="the observation" />
        </>
      )}
    </Awaited>
  );
}
