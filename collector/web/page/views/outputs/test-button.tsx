/** Sends a test alert, and says what came of it. */
import { outputTrouble } from '../../../../../shared/output-trouble.ts';
import type { OutputTestAnswer } from '../../../../query/schemas/outputs.ts';
import { post } from '../../api/client.ts';
import { Failure } from '../../parts/states.tsx';
import { Said } from '../../parts/text.tsx';
import { useDeed } from './deed.ts';

export function TestButton({ output }: { output: string }) {
  const { isBusy, answer, problem, run } = useDeed((name: string) =>
    post<OutputTestAnswer>(`/api/v1/outputs/${encodeURIComponent(name)}/test`, {}),
  );
  return (
    <div class="output-test">
      <button type="button" disabled={isBusy} aria-label={`Send a test alert to ${output}`} onClick={() => run(output)}>
        {isBusy ? 'Waiting for its answer…' : 'Send a test alert'}
      </button>
      <div role="status">{answer && <Outcome answer={answer} />}</div>
      {problem && <Failure problem={problem} />}
    </div>
  );
}

function Outcome({ answer: { ok, alert, milliseconds, failure } }: { answer: OutputTestAnswer }) {
  if (ok || failure === null) {
    return (
      <p class="output-arrived">
        It has arrived, after {Math.round(milliseconds)} ms: look for <Said text={alert} mono /> at the other side.
      </p>
    );
  }
  const { means, todo } = outputTrouble(failure);
  return (
    <p class="output-failing">
      <strong>It did not arrive. {means}.</strong> <Said text={failure.detail} /> <Said text={todo} />
    </p>
  );
}
