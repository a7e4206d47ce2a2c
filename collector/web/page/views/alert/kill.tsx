/** How to end it, and what to look at first. */
import type { KillAction } from '../../../../../shared/schema/alert.ts';
import { printable } from '../../../../../shared/text.ts';
import { CopyButton } from '../../parts/copy.tsx';
import { Said } from '../../parts/text.tsx';

export function KillCard({ actions }: { actions: readonly KillAction[] }) {
  return (
    <section class="card" aria-labelledby="kill-title">
      <h2 id="kill-title">End it</h2>
      {actions.length === 0 && (
        <p>There is no single command that ends it: the triage steps say what there is to look at.</p>
      )}
      {actions.map(({ title, command, effect }) => (
        <div key={command} class="kill">
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
      ))}
    </section>
  );
}

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
