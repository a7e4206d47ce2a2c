/** How one gets in: by whatever the collector lets people log in with. */
import './login.css';
import { useState } from 'preact/hooks';
import type { LoginAnswer } from '../../../../query/schemas/identity.ts';
import { type ApiProblem, post } from '../../api/client.ts';
import { useResource } from '../../api/resource.ts';
import { asProblem, learnWhoIAm } from '../../api/session.ts';
import { Field } from '../../parts/field.tsx';
import { Awaited, Failure } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';

export function Login() {
  useTitle('Log in');
  const ways = useResource<LoginAnswer>('/api/v1/login');
  return (
    <main class="login card" id="content">
      <h1>Truant</h1>
      <p class="soft">Finds ServiceAccount tokens that are used away from their pods. Log in to see what it found.</p>
      <Awaited resource={ways} what="how to log in">
        {({ oidc, token }) => (
          <>
            {oidc && (
              <a class="login-oidc" href={oidcPath()}>
                {oidc.label}
              </a>
            )}
            {oidc && token && <p class="login-or">or</p>}
            {token && <TokenForm />}
            {!oidc && !token && (
              <p>
                No way to log in is configured. Whoever runs the collector finds how in its reference of the
                configuration.
              </p>
            )}
          </>
        )}
      </Awaited>
    </main>
  );
}

/** Back to where one is now. */
const oidcPath = (): string => `/auth/login?to=${encodeURIComponent(location.pathname + location.search)}`;

function TokenForm() {
  const [token, setToken] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await post('/api/v1/session', { token: token.trim() });
      await learnWhoIAm();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      <Field label="Access token" hint="One of the collector's configuration, never a ServiceAccount's.">
        {(own) => (
          <input
            {...own}
            type="password"
            autocomplete="current-password"
            maxLength={4096}
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        )}
      </Field>
      {problem?.status === 401 && (
        <p role="alert" class="login-refused">
          That token is not known here.
        </p>
      )}
      {problem && problem.status !== 401 && <Failure problem={problem} />}
      <button type="submit" class="primary" disabled={isBusy || token.trim() === ''}>
        Log in with the token
      </button>
    </form>
  );
}
