/** Asks once more before an exception is taken away. */
import { useState } from 'preact/hooks';
import type { Exception } from '../../../../../shared/schema/handling.ts';
import { type ApiProblem, post } from '../../api/client.ts';
import { asProblem } from '../../api/session.ts';
import { Failure } from '../../parts/states.tsx';
import { Said } from '../../parts/text.tsx';
import { Covers } from './table.tsx';

export function Revoke({ exception, onDone }: { exception: Exception; onDone(): void }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const revoke = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await post(`/api/v1/exceptions/${encodeURIComponent(exception.id)}/revoke`, {});
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <div class="form">
      <p>
        Findings of <Said text={exception.rule} mono /> about <Covers exception={exception} /> will be told of again.
        What it kept back so far stays so.
      </p>
      {problem && <Failure problem={problem} />}
      <button type="button" class="primary" disabled={isBusy} onClick={() => void revoke()}>
        Revoke
      </button>
    </div>
  );
}
