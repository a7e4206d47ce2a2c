/** A credential's life as one line from top to bottom. */
import { useState } from 'preact/hooks';
import { formatTime } from '../../../../../shared/time.ts';
import type { ObservationAnswer, TimelineAnswer } from '../../../../query/schemas/history.ts';
import { useResource } from '../../api/resource.ts';
import { VerdictBadge } from '../../parts/badges.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Awaited, Empty } from '../../parts/states.tsx';
import { counted, Said } from '../../parts/text.tsx';
import { localText, Time } from '../../parts/time.tsx';

type Line = TimelineAnswer['lines'][number];

const EVENTS: Readonly<Record<Line['event'], string>> = {
  issued: 'issued',
  appeared: 'in a file',
  read: 'read',
  used: 'used',
  minted: 'minted with it',
  superseded: 'superseded',
  expired: 'expired',
  'pod-gone': 'pod gone',
  'file-gone': 'file gone',
};

export function Timeline({ life: { cluster, lines, left } }: { life: TimelineAnswer }) {
  if (lines.length === 0) return <Empty title="Nothing is known of its life." />;
  return (
    <>
      {left > 0 && (
        <p class="soft">
          {counted(left, 'step')} in between {left === 1 ? 'is' : 'are'} left out here; History has them.
        </p>
      )}
      <ol class="life">
        {lines.map((line, at) => (
          <Step key={`${line.time} ${at}`} line={line} cluster={cluster} newDay={isNewDay(lines[at - 1], line)} />
        ))}
      </ol>
    </>
  );
}

const dayOf = (time: number): string => localText(time).split(', ').slice(0, -1).join(', ');
const isNewDay = (before: Line | undefined, line: Line): boolean => !before || dayOf(before.time) !== dayOf(line.time);

function Step({ line, cluster, newDay }: { line: Line; cluster: string; newDay: boolean }) {
  const { event, time, until, count, sentence, placement, observation } = line;
  const [open, setOpen] = useState(false);
  return (
    <li class={placement === 'away' ? 'step step-away' : `step step-${event}`}>
      {newDay && <h3>{dayOf(time)}</h3>}
      <div class="step-line">
        <span class="step-time">
          <Time at={time} as="clock" />
          {until !== null && localText(until) !== localText(time) && (
            <>
              {' – '}
              <Time at={until} as={dayOf(until) === dayOf(time) ? 'clock' : 'full'} />
            </>
          )}
        </span>
        <span class="badge">{EVENTS[event]}</span>
        {placement && <VerdictBadge verdict={placement} />}
        <span class="step-sentence">
          <Said text={sentence} />
          {count > 1 && event !== 'used' && (
            <small>
              {' '}
              {count.toLocaleString()} times{until === null && ' until then'}
            </small>
          )}{' '}
          {observation !== null && (
            <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? 'Hide' : 'Show'} the observation
            </button>
          )}
        </span>
      </div>
      {open && observation !== null && <Shown id={observation} cluster={cluster} time={time} />}
    </li>
  );
}

function Shown({ id, cluster, time }: { id: string; cluster: string; time: number }) {
  const answer = useResource<ObservationAnswer>(`/api/v1/observations/${encodeURIComponent(id)}`, {
    cluster,
    time: formatTime(time),
  });
  return (
    <Awaited resource={answer} what="the observation">
      {({ observation }) => <Raw value={observation} what="the observation" />}
    </Awaited>
  );
}
