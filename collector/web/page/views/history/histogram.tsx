/** When it happened, as stacked bars. A stretch is chosen by dragging, or by the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Micros } from '../../../../../shared/time.ts';
import type { HistogramAnswer } from '../../../../query/schemas/history.ts';
import { durationText, localText } from '../../parts/time.tsx';
import './histogram.css';
import { Chart, type Colours } from './chart.ts';
import { countsOf, type Mark, moved, SHOWN, told } from './series.ts';

interface HistogramProps {
  histogram: HistogramAnswer;
  onZoom(from: Micros, to: Micros): void;
  onZoomOut(): void;
}

export function Histogram({ histogram, onZoom, onZoomOut }: HistogramProps) {
  const { buckets, width } = histogram;
  const frame = useRef<HTMLFieldSetElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const [mark, setMark] = useState<Mark | undefined>();
  const [pointed, setPointed] = useState<number | undefined>();
  const events = useRef({ onZoom, onZoomOut });
  events.current = { onZoom, onZoomOut };

  useEffect(() => {
    const element = frame.current?.querySelector<HTMLElement>('.chart');
    if (!element) return undefined;
    setMark(undefined);
    setPointed(undefined);
    const drawn = new Chart(element, histogram, coloursOf(element), {
      onSelect: (from, to) => events.current.onZoom(from, to),
      onZoomOut: () => events.current.onZoomOut(),
      onPoint: setPointed,
    });
    chart.current = drawn;
    const resized = new ResizeObserver(() => drawn.resize(element.clientWidth));
    resized.observe(element);
    const forget = onTheme(() => drawn.redraw());
    return () => {
      forget();
      resized.disconnect();
      drawn.destroy();
    };
  }, [histogram]);
  useEffect(() => chart.current?.mark(mark), [mark]);

  const stretch = (first: number, last: number): string => {
    const [from, to] = [timeAt(first), timeAt(last + 1)];
    return `${localText(from)} to ${localText(to)}: ${told(buckets.slice(first, last + 1))}`;
  };
  const timeAt = (at: number): Micros => (buckets[0]?.time ?? 0) + at * width;
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = moved(mark, event.key, event.shiftKey, buckets.length);
    if (next) setMark(next);
    else if (event.key === 'Enter' && mark)
      onZoom(timeAt(Math.min(mark.at, mark.anchor)), timeAt(Math.max(mark.at, mark.anchor) + 1));
    else if (event.key === 'Escape' && mark) setMark(undefined);
    else if (event.key === '-') onZoomOut();
    else return;
    event.preventDefault();
  };
  const counts = countsOf(buckets);
  return (
    <fieldset ref={frame} class="histogram">
      <legend class="unseen">Histogram</legend>
      <ul class="legend" aria-label="Counts">
        {SHOWN.toReversed().map(({ name, label }) => (
          <li key={name}>
            <span class={`swatch series-${name}`} aria-hidden="true" />
            {label} <strong>{counts[name].toLocaleString()}</strong>
          </li>
        ))}
        <li class="soft">one bar: {durationText(width) === '0 s' ? `${width / 1000} ms` : durationText(width)}</li>
      </ul>
      <div
        class="chart"
        role="application"
        tabIndex={0}
        aria-label={`Histogram, ${stretch(0, buckets.length - 1)}. Arrow keys move, with Shift they mark a stretch, Enter zooms in, minus zooms out.`}
        onKeyDown={onKeyDown}
        onBlur={() => setMark(undefined)}
      >
        <span class="colour-text" hidden />
        <span class="colour-line" hidden />
      </div>
      <p class="soft chart-said" aria-live="polite">
        {mark
          ? stretch(Math.min(mark.at, mark.anchor), Math.max(mark.at, mark.anchor))
          : pointed === undefined
            ? 'Drag over the bars to look closer; double click to zoom out. ▲ a token was used away.'
            : stretch(pointed, pointed)}
      </p>
    </fieldset>
  );
}

/** Canvas knows no custom properties: colours are asked of elements that have them. */
function coloursOf(chart: HTMLElement): Colours {
  const legend = chart.parentElement;
  return (name) => {
    const isLine = name === 'text' || name === 'line';
    const element = isLine ? chart.querySelector(`.colour-${name}`) : legend?.querySelector(`.series-${name}`);
    return element ? getComputedStyle(element).backgroundColor : 'gray';
  };
}

function onTheme(changed: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  system.addEventListener('change', changed);
  return () => {
    chosen.disconnect();
    system.removeEventListener('change', changed);
  };
}
