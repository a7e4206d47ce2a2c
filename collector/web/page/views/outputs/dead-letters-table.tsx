/** Dead letters, a row each. */
import { Link } from 'wouter-preact';
import { outputTrouble } from '../../../../../shared/output-trouble.ts';
import { printable } from '../../../../../shared/text.ts';
import type { OutputDeadLettersPage, OutputStatus } from '../../../../query/schemas/outputs.ts';
import { alertPath } from '../../parts/address.ts';
import { SeverityBadge } from '../../parts/badges.tsx';
import { Table } from '../../parts/table.tsx';
import { counted, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { whyNoReplay } from './words.ts';

type DeadLetter = OutputDeadLettersPage['items'][number];

interface TableProps {
  items: readonly DeadLetter[];
  outputs: readonly OutputStatus[];
  isBusy: boolean;
  /** Undefined: whoever looks may not. */
  onReplay: ((letter: DeadLetter) => void) | undefined;
  onDiscard: ((letter: DeadLetter) => void) | undefined;
}

export function DeadLettersTable({ items, ...rest }: TableProps) {
  return (
    <Table label="Dead letters" heads={['alert', 'output', 'why', 'given up', 'what to do']} class="output-dead">
      <tbody>
        {items.map((letter) => (
          <Row key={letter.id} letter={letter} {...rest} />
        ))}
      </tbody>
    </Table>
  );
}

function Row({ letter, outputs, isBusy, onReplay, onDiscard }: Omit<TableProps, 'items'> & { letter: DeadLetter }) {
  const { output, cluster, alert, title, severity, event, detail, attempts, since, at } = letter;
  const { means, todo } = outputTrouble(letter);
  const whyNot = whyNoReplay(outputs.find(({ name }) => name === output));
  return (
    <tr>
      <th scope="row">
        <Link href={alertPath({ cluster, id: alert })}>{printable(title)}</Link> <SeverityBadge severity={severity} />
        <div class="soft">
          {printable(alert)} in {printable(cluster)}: {event} not told
        </div>
      </th>
      <td>{printable(output)}</td>
      <td>
        <strong>{means}.</strong> <Said text={detail} />
        <div class="soft">
          <Said text={todo} />
        </div>
      </td>
      <td>
        <Time at={at} />
        <div class="soft">
          {counted(attempts, 'attempt')} since <Time at={since} />
        </div>
      </td>
      <td>
        <div class="output-deeds">
          {onReplay && (
            <button
              type="button"
              disabled={isBusy || whyNot !== undefined}
              title={whyNot}
              aria-label={`Send again to ${output}: ${alert}`}
              onClick={() => onReplay(letter)}
            >
              Send again
            </button>
          )}
          {onDiscard && (
            <button type="button" aria-label={`Discard: ${output}, ${alert}`} onClick={() => onDiscard(letter)}>
              Discard…
            </button>
          )}
        </div>
      </td>
    </tr>
  );
}
