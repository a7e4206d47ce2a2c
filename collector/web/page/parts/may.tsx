/** Whoever may look but not act is told what it takes. */
import { me } from '../api/session.ts';

export function TakesRole({ role = 'analyst', to }: { role?: string; to: string }) {
  if (me.value.state !== 'known') return null;
  return (
    <p class="soft">
      To {to} takes the role {role}; yours is {me.value.who.role}. Whoever gives out roles for Truant can change that.
    </p>
  );
}
