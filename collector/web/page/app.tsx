/** What is shown: whoever is not let in sees how to log in; everybody else the view that the address names. */
import { Route, Switch } from 'wouter-preact';
import { me } from './api/session.ts';
import { lazyView, Suspense } from './parts/lazy.tsx';
import { Loading, NothingHere } from './parts/states.tsx';
import { Shell } from './shell/shell.tsx';
import { Alerts } from './views/alerts/alerts.tsx';
import { Login } from './views/login/login.tsx';
import { Refused } from './views/login/refused.tsx';

const AlertView = lazyView(() => import('./views/alert/alert.tsx'));
const History = lazyView(() => import('./views/history/history.tsx'));
const Credential = lazyView(() => import('./views/credential/credential.tsx'));
const Fleet = lazyView(() => import('./views/fleet/fleet.tsx'));
const Outputs = lazyView(() => import('./views/outputs/outputs.tsx'));
const Rules = lazyView(() => import('./views/rules/rules.tsx'));
const Exceptions = lazyView(() => import('./views/exceptions/exceptions.tsx'));
const Reference = lazyView(() => import('./views/reference/reference.tsx'));

export function App() {
  const { state } = me.value;
  if (state === 'loading') return <Loading what="the page" />;
  if (state === 'stranger') return <Login />;
  if (state === 'failed') return <Refused problem={me.value.problem} />;
  return (
    <Shell>
      <Suspense fallback={<Loading what="the view" />}>
        <Switch>
          <Route path="/" component={Alerts} />
          <Route path="/alerts/:cluster/:id" component={AlertView} />
          <Route path="/history" component={History} />
          <Route path="/credentials/:id" component={Credential} />
          <Route path="/fleet" component={Fleet} />
          <Route path="/outputs" component={Outputs} />
          <Route path="/rules/:id?" component={Rules} />
          <Route path="/exceptions" component={Exceptions} />
          <Route path="/reference" component={Reference} />
          <Route component={NothingHere} />
        </Switch>
      </Suspense>
    </Shell>
  );
}
