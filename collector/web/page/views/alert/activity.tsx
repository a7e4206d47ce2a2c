/** Who did what about an alert, and when. */
import type { ActionRecord } from '../../../../../shared/schema/handling.ts';
import { counted, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { deedOf } from './activity-words.ts';

export function Activity({ records }: { records: readonly ActionRecord[] }) {
  return (
    <section class="card" aria-labelledby="activity-title">
      <h2 id="activity-title">Activity</h2>
      {records.length === 0 && <p class="soft">Nobody has done anything about it yet.</p>}
      <ul class="plain activity">
        {records.map((record, index) => (
          <li key={`${record.time} ${index}`}>
            <strong>
              <Said text={record.by} />
            </strong>{' '}
            <Said text={deedOf(record)} />
            {record.exceptions.length > 0 && `, with ${counted(record.exceptions.length, 'exception')}`}{' '}
            <small>
              <Time at={record.time} />
            </small>
            {record.note && (
              <blockquote>
                <Said text={record.note} />
              </blockquote>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
