/** The collector's own state: its parts, its store, and how far each stream has come. */

import { printable } from '../../../../../shared/text.ts';
import type { StatusAnswer } from '../../../../query/schemas/status.ts';
import { Table } from '../../parts/table.tsx';
import { counted } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { bytesText } from './advice.ts';

const MOST = 200;

export function Collector({ status: { time, components, store, streams } }: { status: StatusAnswer }) {
  return (
    <>
      <ul class="components" aria-label="Parts">
        {components.map(({ name, state, detail }) => (
          <li key={name}>
            <span class={`badge ${state === 'running' ? 'health-ok' : 'health-silent'}`}>{printable(state)}</span>{' '}
            {printable(name)}
            {detail !== undefined && <span class="soft">: {printable(detail)}</span>}
          </li>
        ))}
      </ul>
      <p>
        The store has {counted(store.observations, 'observation')}
        {store.undecided > 0 && `, ${store.undecided.toLocaleString()} of them without a final verdict`}, and{' '}
        {counted(store.alerts.open + store.alerts.acknowledged + store.alerts.closed, 'alert')} ({store.alerts.open}{' '}
        open, {store.alerts.acknowledged} acknowledged, {store.alerts.closed} closed): {bytesText(store.bytes)} in use,{' '}
        {bytesText(store.fileBytes)} on disk.
      </p>
      <details>
        <summary>{counted(streams.length, 'stream')}</summary>
        <Table
          label="Streams"
          heads={[
            'stream',
            { number: 'position' },
            { number: 'accepted' },
            { number: 'refused' },
            { number: 'missing' },
            'last heard',
            'newest',
          ]}
        >
          <tbody>
            {streams.slice(0, MOST).map((stream) => (
              <tr key={stream.stream}>
                <td>{printable(stream.stream)}</td>
                <td class="number">{stream.position.toLocaleString()}</td>
                <td class="number">{stream.accepted.toLocaleString()}</td>
                <td class="number">{stream.rejected.toLocaleString()}</td>
                <td class="number">{stream.missing.toLocaleString()}</td>
                <td>
                  <Time at={stream.lastSeen} as="ago" now={time} />
                </td>
                <td>{stream.newest !== null && <Time at={stream.newest} />}</td>
              </tr>
            ))}
          </tbody>
        </Table>
        {streams.length > MOST && <p class="soft">The first {MOST} are shown; GET /api/v1/status has all.</p>}
      </details>
    </>
  );
}
