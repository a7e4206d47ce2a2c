/** The collector does not say who is asking: it knows them and lets them see nothing, or it can't tell. */
import './login.css';
import type { ApiProblem } from '../../api/client.ts';
import { learnWhoIAm, me } from '../../api/session.ts';
import { Failure } from '../../parts/states.tsx';

const asSomebodyElse = (): void => {
  me.value = { state: 'stranger' };
};

export function Refused({ problem }: { problem: ApiProblem }) {
  return (
    <main class="login card" id="content">
      <h1>Truant</h1>
      <Failure problem={problem} retry={() => void learnWhoIAm()} />
      {problem.status === 403 && (
        <>
          <p>
            To see what Truant found takes the role viewer, analyst or admin. Whoever gives out roles for Truant can
            give you one.
          </p>
          <button type="button" onClick={asSomebodyElse}>
            Log in as somebody else
          </button>
        </>
      )}
    </main>
  );
}
