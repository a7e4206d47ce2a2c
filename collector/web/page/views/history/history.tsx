/** Everything that happened to tokens: searched, drawn over time, summed up, one by one, and taken away as a file. */
import { useMemo, useState } from 'preact/hooks';
import type { HistogramAnswer } from '../../../../query/schemas/history.ts';
import { type Resource, useResource } from '../../api/resource.ts';
import { useAddress } from '../../parts/address.ts';
import { Awaited, Failure } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { Chips, FilterFields, Presets } from './filter-bar.tsx';
import { apiQuery, timeChange, widened } from './filters.ts';
import { Groups } from './groups.tsx';
import { Histogram } from './histogram.tsx';
import { NothingFound } from './nothing-found.tsx';
import './history.css';
import { Rows } from './rows.tsx';
import { SearchLine } from './search-line.tsx';
import { countsOf } from './series.ts';

/** A bar is a few pixels wide. */
const bucketsThatFit = (): number => (innerWidth < 640 ? 60 : 120);
const micros = (): number => Date.now() * 1000;

export default function History() {
  useTitle('History');
  const address = useAddress();
  const [turn, setTurn] = useState(0);
  // What counts back from now is asked for anew only when somebody asks.
  const query = useMemo(() => apiQuery(address.all, micros()), [JSON.stringify(address.all), turn]);
  const when = useResource<HistogramAnswer>('/api/v1/history/histogram', { ...query, buckets: bucketsThatFit() });
  const refresh = (): void => {
    setTurn(turn + 1);
    when.reload();
  };
  return (
    <div class="history" key={turn}>
      <h1>History</h1>
      <SearchLine onSearch={(filters) => address.set(filters)} />
      <div class="toolbar">
        <Presets address={address} />
        <button type="button" onClick={refresh}>
          Refresh
        </button>
        <FilterFields address={address} />
      </div>
      <Chips address={address} />
      {when.problem?.status === 400 ? (
        <Failure problem={when.problem} />
      ) : (
        <>
          <When answer={when} onTime={(since, until) => address.set(timeChange(since, until))} />
          <Groups address={address} query={query} />
          <Rows address={address} query={query} />
        </>
      )}
    </div>
  );
}

interface WhenProps {
  answer: Resource<HistogramAnswer>;
  onTime(since: number, until: number): void;
}

function When({ answer, onTime }: WhenProps) {
  return (
    <section class="card when-card" aria-labelledby="when-title">
      <Awaited resource={answer} what="the histogram">
        {(histogram) => {
          const { from, width, buckets } = histogram;
          if (from === null || countsOf(buckets).total === 0) {
            return <NothingFound />;
          }
          const zoomOut = (): void => {
            const { since, until } = widened(from, from + width * buckets.length, micros());
            onTime(since, until);
          };
          return (
            <>
              <div class="toolbar">
                <h2 id="when-title">When</h2>
                <button type="button" onClick={zoomOut}>
                  Zoom out
                </button>
              </div>
              <Histogram histogram={histogram} onZoom={onTime} onZoomOut={zoomOut} />
            </>
          );
        }}
      </Awaited>
    </section>
  );
}
