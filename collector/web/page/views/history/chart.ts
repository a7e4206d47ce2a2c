/** uPlot, told of a histogram: stacked bars, a stretch to be dragged over, and a mark wherever a token was used away. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Micros } from '../../../../../shared/time.ts';
import type { HistogramAnswer } from '../../../../query/schemas/history.ts';
import { type Mark, SHOWN, type Shown, stacked } from './series.ts';

export interface ChartEvents {
  onSelect(from: Micros, to: Micros): void;
  onZoomOut(): void;
  /** Index of the bucket that the pointer is over. */
  onPoint(at: number | undefined): void;
}

/** As CSS says at this moment; light and dark have their own. */
export type Colours = (name: Shown | 'text' | 'line') => string;

const HEIGHT = 180;
const LEAST_PIXELS = 4;
const MARK = 4;

export class Chart {
  readonly #plot: uPlot;
  readonly #histogram: HistogramAnswer;

  constructor(parent: HTMLElement, histogram: HistogramAnswer, colours: Colours, events: ChartEvents) {
    this.#histogram = histogram;
    const { buckets, width } = histogram;
    const from = buckets[0]?.time ?? 0;
    const seconds = (at: number): number => (from + at * width) / 1e6;
    const toBucket = (pixels: number, plot: uPlot): number => (plot.posToVal(pixels, 'x') * 1e6 - from) / width;
    const tops = stacked(buckets);
    const bars = uPlot.paths.bars?.({
      size: [1, Number.POSITIVE_INFINITY],
      align: 1,
      gap: buckets.length > 150 ? 0 : 1,
    });
    const axis = {
      stroke: () => colours('text'),
      grid: { stroke: () => colours('line'), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width: Math.max(200, parent.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false },
          bind: { dblclick: () => () => (events.onZoomOut(), null) },
        },
        scales: {
          x: { time: true, range: () => [seconds(0), seconds(buckets.length)] },
          y: { range: (_plot, _min, max) => [0, Math.max(1, max)] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 38, space: 70, values: (_plot, splits) => timeLabels(splits) },
          {
            ...axis,
            size: 52,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6, 1e7],
            values: (_plot, splits) => splits.map((split) => shortCount(split)),
          },
        ],
        series: [
          {},
          // The highest first, so that those below are drawn over it.
          ...SHOWN.toReversed().map(({ name }) => ({
            fill: () => colours(name),
            width: 0,
            points: { show: false },
            ...(bars && { paths: bars }),
          })),
        ],
        hooks: {
          draw: [(plot) => markAway(plot, histogram, colours)],
          setCursor: [
            (plot) => {
              const left = plot.cursor.left ?? -1;
              const at = Math.floor(toBucket(left, plot));
              events.onPoint(left >= 0 && at >= 0 && at < buckets.length ? at : undefined);
            },
          ],
          setSelect: [
            (plot) => {
              const { left, width: pixels } = plot.select;
              if (pixels < LEAST_PIXELS) return;
              const first = Math.max(0, Math.floor(toBucket(left, plot)));
              const end = Math.min(buckets.length, Math.ceil(toBucket(left + pixels, plot)));
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              events.onSelect(from + first * width, from + end * width);
            },
          ],
        },
      },
      [buckets.map((_bucket, at) => seconds(at)), ...tops.toReversed()],
      parent,
    );
  }

  /** Shows what the keyboard has marked. */
  mark(mark: Mark | undefined): void {
    const height = this.#plot.over.clientHeight;
    const none = { left: 0, top: 0, width: 0, height: 0 };
    if (!mark) {
      this.#plot.setSelect(none, false);
      return;
    }
    const left = this.#pixels(Math.min(mark.at, mark.anchor));
    const right = this.#pixels(Math.max(mark.at, mark.anchor) + 1);
    this.#plot.setSelect({ left, top: 0, width: right - left, height }, false);
  }

  #pixels(bucket: number): number {
    const { from, width } = this.#histogram;
    return this.#plot.valToPos(((from ?? 0) + bucket * width) / 1e6, 'x');
  }

  resize(width: number): void {
    this.#plot.setSize({ width: Math.max(200, width), height: HEIGHT });
  }

  /** Colours have changed. */
  redraw(): void {
    this.#plot.redraw(false);
  }

  destroy(): void {
    this.#plot.destroy();
  }
}

/** A few uses away are not to vanish under thousands at home. */
function markAway(plot: uPlot, { buckets, width }: HistogramAnswer, colours: Colours): void {
  const { ctx, bbox } = plot;
  const size = MARK * devicePixelRatio;
  const floor = bbox.top + bbox.height + 1;
  ctx.save();
  ctx.fillStyle = colours('away');
  for (const { time, away } of buckets) {
    if (away === 0) continue;
    const middle = plot.valToPos((time + width / 2) / 1e6, 'x', true);
    ctx.beginPath();
    ctx.moveTo(middle, floor);
    ctx.lineTo(middle - size, floor + size * 1.5);
    ctx.lineTo(middle + size, floor + size * 1.5);
    ctx.fill();
  }
  ctx.restore();
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const precise = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** Time of day, and below it the day where it is another than before. */
function timeLabels(seconds: readonly number[]): string[] {
  const step = (seconds[1] ?? 60) - (seconds[0] ?? 0);
  let before = '';
  return seconds.map((second) => {
    const date = new Date(second * 1000);
    const of = day.format(date);
    const isSame = of === before;
    before = of;
    if (step >= 86_400) return of;
    const time = (step < 60 ? precise : clock).format(date);
    return isSame ? time : `${time}\n${of}`;
  });
}

const compact = new Intl.NumberFormat(undefined, { notation: 'compact' });
const shortCount = (count: number): string => compact.format(count);
