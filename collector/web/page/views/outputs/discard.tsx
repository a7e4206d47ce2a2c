/** Asks once more before dead letters are let go of. */
import { Failure } from '../../parts/states.tsx';
import { Said } from '../../parts/text.tsx';
import { useDeed } from './deed.ts';
import { discarded, type Which } from './which.ts';

export function Discard({ which, onDone }: { which: Which; onDone(): void }) {
  const { isBusy, problem, run } = useDeed(discarded, onDone);
  return (
    <div class="form">
      <p>
        {which.ids ? 'This alert is' : 'All that are there now are'} never told to <Said text={which.output} mono /> in
        that state. The alerts themselves stay.
      </p>
      {problem && <Failure problem={problem} />}
      <button type="button" class="primary" disabled={isBusy} onClick={() => run(which)}>
        Discard
      </button>
    </div>
  );
}
