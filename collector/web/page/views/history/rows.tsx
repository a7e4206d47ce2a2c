/** What happened, one by one, the newest first; each opens to all that is known of it. */
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { printable } from '../../../../../shared/text.ts';
import { type LiveUses, useLiveUses } from '../../api/live-uses.ts';
import { type Pages, usePages } from '../../api/pages.ts';
import { type AddressState, credentialPath, historyPath } from '../../parts/address.ts';
import { VerdictBadge } from '../../parts/badges.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Awaited, Failure } from '../../parts/states.tsx';
import { accountName, counted, placeName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { activeFilters } from './filters.ts';
import { NothingFound } from './nothing-found.tsx';
import { type HistoryItem, type Row, rowOf } from './row.ts';

const PAGE = 50;
/** What the live stream can be asked for. */
const LIVE_FILTERS = new Set(['principal', 'placement']);

interface RowsProps {
  address: AddressState;
  query: Readonly<Record<string, string>>;
}

export function Rows({ address, query }: RowsProps) {
  const pages = usePages<HistoryItem>('/api/v1/history', { ...query, limit: PAGE });
  const [wantsLive, setLive] = useState(false);
  const mayLive =
    query['until'] === undefined && activeFilters(query).every(({ field }) => LIVE_FILTERS.has(field.name));
  const { principal, placement } = query;
  const live = useLiveUses(wantsLive && mayLive, { principal, placement });
  return (
    <section class="card" aria-labelledby="rows-title">
      <div class="toolbar">
        <h2 id="rows-title">Events</h2>
        <span class="soft">newest first</span>
        <label title={mayLive ? undefined : 'Live uses can be filtered by principal and placement alone.'}>
          <input
            type="checkbox"
            role="switch"
            checked={wantsLive && mayLive}
            disabled={!mayLive}
            onChange={(event) => setLive(event.currentTarget.checked)}
          />{' '}
          live uses
        </label>
        <LiveState live={live} />
        <Export query={query} />
      </div>
      <Awaited resource={pages.first} what="events">
        {() =>
          pages.items.length + live.items.length === 0 ? (
            <NothingFound />
          ) : (
            <Events rows={rowsOf([...live.items, ...pages.items])} pages={pages} address={address} />
          )
        }
      </Awaited>
    </section>
  );
}

function LiveState({ live: { state, items, leftOut } }: { live: LiveUses }) {
  if (state === 'off') return null;
  const left = leftOut > 0 ? `, ${leftOut.toLocaleString()} left out: too many at once` : '';
  return (
    <span class={`live live-${state}`}>
      {state === 'live' ? `${counted(items.length, 'new use')}${left}` : 'connecting'}
    </span>
  );
}

const FORMATS = [
  ['csv', 'CSV'],
  ['ndjson', 'NDJSON'],
  ['parquet', 'Parquet'],
] as const;

/** Links: the browser downloads, and what is asked for is in them. */
function Export({ query }: { query: Readonly<Record<string, string>> }) {
  return (
    <span class="export">
      <span class="soft">Export</span>
      {FORMATS.map(([format, name]) => (
        <a
          key={format}
          download
          href={`/api/v1/history/export?${new URLSearchParams({ ...query, format }).toString()}`}
          aria-label={`Export as ${name}`}
        >
          {name}
        </a>
      ))}
    </span>
  );
}

/** What came live may have been stored when it was asked for: it is there once. */
function rowsOf(items: readonly HistoryItem[]): Row[] {
  return [...new Map(items.map(rowOf).map((row) => [`${row.cluster} ${row.id}`, row])).values()];
}

function Events({ rows, pages, address }: { rows: Row[]; pages: Pages<HistoryItem>; address: AddressState }) {
  const { more, loadingMore, problem } = pages;
  return (
    <>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">What</th>
            <th scope="col">Principal</th>
            <th scope="col">Source</th>
            <th scope="col">Placement</th>
            <th scope="col" class="number">
              Answer
            </th>
          </tr>
        </thead>
        {rows.map((row) => (
          <Entry key={`${row.cluster} ${row.id}`} row={row} address={address} />
        ))}
      </table>
      {problem && <Failure problem={problem} {...(more && { retry: more })} />}
      {more && !problem && (
        <p class="more">
          <button type="button" disabled={loadingMore} onClick={more}>
            {loadingMore ? 'Loading…' : 'Show more'}
          </button>
        </p>
      )}
    </>
  );
}

function Entry({ row, address }: { row: Row; address: AddressState }) {
  const [open, setOpen] = useState(false);
  const { cluster, time, what, kind, principal, credential, source, userAgent, placement, code } = row;
  return (
    <tbody class={open ? 'open' : undefined}>
      <tr>
        <td class="when">
          <button type="button" class="quiet disclose" aria-expanded={open} onClick={() => setOpen(!open)}>
            <span aria-hidden="true">{open ? '▾' : '▸'}</span>
            <span class="unseen">{open ? 'Close' : 'Open'}: </span>
            <Time at={time} />
          </button>
        </td>
        <td>
          <div class="clip">
            {kind !== 'use' && <span class="badge">{kind}</span>} <Said text={what} />
          </div>
          {userAgent && <div class="soft clip">{printable(userAgent)}</div>}
        </td>
        <td>
          {principal !== undefined && accountName(principal)}
          {credential !== undefined && (
            <div class="soft">
              <Link href={credentialPath(credential, cluster)} title={printable(credential)}>
                <code>{shortId(credential)}</code>
              </Link>
            </div>
          )}
        </td>
        <td>{source && <Said text={source} mono />}</td>
        <td>
          {placement !== undefined && (
            <>
              <VerdictBadge
                verdict={placement?.verdict ?? null}
                where={placement?.verdict === 'away' ? `away: ${placeName(placement.where)}` : undefined}
              />
              {placement && placement.verdict !== 'home' && <div class="soft">{printable(placement.sentence)}</div>}
            </>
          )}
        </td>
        <td class="number">{code !== undefined && <span class={code >= 400 ? 'refused' : undefined}>{code}</span>}</td>
      </tr>
      {open && (
        <tr>
          <td colSpan={6}>
            <Details row={row} address={address} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** Enough of it to tell one from another. */
const shortId = (id: string): string => printable(id.length > 16 ? `${id.slice(0, 13)}…` : id);

function Details({ row, address }: { row: Row; address: AddressState }) {
  const { cluster, principal, credential, source, userAgent, placement, observation } = row;
  const only = (filters: Record<string, string | null | undefined>): string => {
    const { last, since, until } = address.all;
    return historyPath({ ...filters, last, since, until });
  };
  return (
    <div class="details">
      {placement && (
        <p>
          {printable(placement.sentence)} Confidence: {placement.confidence}.
        </p>
      )}
      <ul class="links" aria-label="Look further">
        {credential && (
          <li>
            <Link href={credentialPath(credential, cluster)}>
              Life of <Said text={credential} mono />
            </Link>
          </li>
        )}
        {principal && (
          <li>
            <Link href={only({ principal })}>All of {accountName(principal)}</Link>
          </li>
        )}
        {source && (
          <li>
            <Link href={only({ source })}>All from {printable(source)}</Link>
          </li>
        )}
        {userAgent && (
          <li>
            <Link href={only({ userAgent })}>All with this user agent</Link>
          </li>
        )}
      </ul>
      <Raw value={observation} what="the observation" />
    </div>
  );
}
