/** Times in the reader's own zone; UTC when pointed at, which is what logs have. */
import { formatTime, type Micros, parseTime } from '../../../../shared/time.ts';
import { durationText } from './durations.ts';

export { durationText };

const date = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: '2-digit' });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

interface TimeProps {
  /** RFC 3339 text, or microseconds. */
  at: Micros | string;
  /** `full`: date and time; `clock`: time of day; `ago`: how long ago. */
  as?: 'full' | 'clock' | 'ago';
  /** What `ago` counts back from; left out: the browser's clock. */
  now?: Micros;
}

export function Time({ at, as = 'full', now }: TimeProps) {
  const micros = typeof at === 'string' ? parseTime(at) : at;
  if (micros === undefined) return <span>{String(at)}</span>;
  const utc = formatTime(micros);
  return (
    <time dateTime={utc} title={`${utc.slice(0, 19).replace('T', ' ')} UTC`}>
      {as === 'ago' ? agoText(micros, now ?? Date.now() * 1000) : localText(micros, as)}
    </time>
  );
}

export function localText(at: Micros, as: 'full' | 'clock' = 'full'): string {
  const when = new Date(at / 1000);
  return as === 'clock' ? clock.format(when) : `${date.format(when)}, ${clock.format(when)}`;
}

export function agoText(at: Micros, now: Micros): string {
  return at > now ? localText(at) : `${durationText(now - at)} ago`;
}
