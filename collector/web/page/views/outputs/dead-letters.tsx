/** What could not be delivered, and what is to become of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OutputDeadLettersPage, OutputStatus } from '../../../../query/schemas/outputs.ts';
import { usePages } from '../../api/pages.ts';
import { mayAdmin } from '../../api/session.ts';
import { useAddress } from '../../parts/address.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Awaited, Empty, Failure } from '../../parts/states.tsx';
import { DeadLettersTable } from './dead-letters-table.tsx';
import { useDeed } from './deed.ts';
import { Discard } from './discard.tsx';
import { replayed, type Which } from './which.ts';
import { whyNoReplay } from './words.ts';

type DeadLetter = OutputDeadLettersPage['items'][number];

interface DeadLettersProps {
  outputs: readonly OutputStatus[];
  /** There are other dead letters now, or there will be soon. */
  onChange(): void;
}

export function DeadLetters({ outputs, onChange }: DeadLettersProps) {
  const address = useAddress();
  const having = outputs.filter(({ deadLetters }) => deadLetters > 0);
  const chosen = outputs.find(({ name }) => name === address.of('output'));
  const pages = usePages<DeadLetter>('/api/v1/outputs/dead-letters', { output: chosen?.name });
  const [discarding, setDiscarding] = useState<Which | undefined>();
  // What is sent again is on its way: when it has arrived, it is gone from the list.
  const replay = useDeed(replayed, onChange);
  // The figures are asked for again and again; this only when they say that it is another list.
  const figures = having.map(({ name, deadLetters }) => `${name} ${deadLetters}`).join();
  const listed = useRef(figures);
  useEffect(() => {
    if (listed.current !== figures) pages.first.reload();
    listed.current = figures;
  }, [figures]);
  // All that are shown are of it.
  const only = chosen ?? (having.length === 1 ? having[0] : undefined);
  const whyNot = whyNoReplay(only);
  return (
    <section class="card" aria-labelledby="dead-letters-title">
      <div class="toolbar">
        <h2 id="dead-letters-title">Dead letters</h2>
        {(having.length > 1 || chosen) && (
          <select
            aria-label="Output"
            value={chosen?.name ?? ''}
            onChange={(event) => address.set({ output: event.currentTarget.value || null })}
          >
            <option value="">of every output</option>
            {outputs.map(({ name, deadLetters }) => (
              <option key={name} value={name}>
                of {name} ({deadLetters.toLocaleString()})
              </option>
            ))}
          </select>
        )}
        {mayAdmin() && only && only.deadLetters > 0 && (
          <>
            <button
              type="button"
              disabled={replay.isBusy || whyNot !== undefined}
              onClick={() => replay.run({ output: only.name })}
            >
              Send all of {only.name} again
            </button>
            <button type="button" onClick={() => setDiscarding({ output: only.name })}>
              Discard all of {only.name}…
            </button>
            {whyNot !== undefined && <span class="soft">{whyNot}</span>}
          </>
        )}
      </div>
      <p role="status" class="soft">
        {replay.answer}
      </p>
      {replay.problem && <Failure problem={replay.problem} />}
      <Awaited resource={pages.first} what="the dead letters">
        {() =>
          pages.items.length === 0 ? (
            <Empty title="There are none.">
              What an output can't deliver for long (giveUpHours), or what its other side will never take, is kept here.
            </Empty>
          ) : (
            <DeadLettersTable
              items={pages.items}
              outputs={outputs}
              isBusy={replay.isBusy}
              onReplay={mayAdmin() ? ({ output, id }) => replay.run({ output, ids: [id] }) : undefined}
              onDiscard={mayAdmin() ? ({ output, id }) => setDiscarding({ output, ids: [id] }) : undefined}
            />
          )
        }
      </Awaited>
      {pages.problem && <Failure problem={pages.problem} />}
      {pages.more && (
        <button type="button" class="output-more" disabled={pages.loadingMore} onClick={pages.more}>
          Show more
        </button>
      )}
      {discarding && (
        <Dialog title="Discard dead letters" onClose={() => setDiscarding(undefined)}>
          <Discard
            which={discarding}
            onDone={() => {
              setDiscarding(undefined);
              onChange();
            }}
          />
        </Dialog>
      )}
    </section>
  );
}
