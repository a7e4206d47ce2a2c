/** How to end it, and what to look at first. */
import type { KillAction } from '../../../../../shared/schema/alert.ts';
import { printable } from '../../../../../shared/text.ts';
import { CopyButton } from '../../parts/copy.tsx';
import { counted, Said } from '../../parts/text.tsx';

const FIRST = 3;

export function KillCard({ actions }: { actions: readonly KillAction[] }) {
  const rest = actions.slice(FIRST);
  return (
    <section class="card" aria-labelledby="kill-title">
      <h2 id="kill-title">End it</h2>
      {actions.length === 0 && (
        <p>There is no single command that ends it: the triage steps say what there is to look at.</p>
      )}
      {actions.slice(0, FIRST).map((action) => (
        <Kill key={action.command} action={action} />
      ))}
      {rest.length > 0 && (
        <details>
          <summary>{counted(rest.length, 'more command')}: each ends another token</summary>
          {rest.map((action) => (
            <Kill key={action.command} action={action} />
          ))}
        </details>
      )}
    </section>
  );
}

const Kill = ({ action: { title, command, effect } }: { action: KillAction }) => (
  <div class="kill">
    <h3>
      <Said text={title} />
    </h3>
    <div class="command">
      <pre tabIndex={0} aria-label={`Command: ${printable(title)}`}>
        {printable(command)}
      </pre>
      <CopyButton text={command} label={`Copy: ${printable(title)}`} />
    </div>
    <p class="soft">
      <Said text={effect} />
    </p>
  </div>
);

export function StepsCard({ steps }: { steps: readonly string[] }) {
  if (steps.length === 0) return null;
  return (
    <section class="card" aria-labelledby="steps-title">
      <h2 id="steps-title">Triage steps</h2>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step}>
            <Said text={step} />
          </li>
        ))}
      </ol>
    </section>
  );
}
