/** One output: how it is, in figures and in words. */
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import { outputTrouble } from '../../../../../shared/output-trouble.ts';
import { printable } from '../../../../../shared/text.ts';
import type { OutputStatus } from '../../../../query/schemas/outputs.ts';
import { mayAdmin } from '../../api/session.ts';
import { pathWith } from '../../parts/address.ts';
import { Said } from '../../parts/text.tsx';
import { durationText, Time } from '../../parts/time.tsx';
import { TestButton } from './test-button.tsx';
import { STATE_WORDS, stateOf, wantsText } from './words.ts';

export function OutputCard({ output }: { output: OutputStatus }) {
  const { name, type, target, format, failure, waiting, lagSeconds, deadLetters } = output;
  const state = stateOf(output);
  const title = `output-${name}`;
  return (
    <section class={`card output-card output-is-${state}`} aria-labelledby={title}>
      <header>
        <h2 id={title}>{printable(name)}</h2>
        <span class={`badge output-${state}`}>{STATE_WORDS[state]}</span>
      </header>
      {type !== null && (
        <p>
          {type} to <Said text={target} mono />
          {format !== null && `, as ${format}`}: <span class="soft">{wantsText(output)}</span>
        </p>
      )}
      {failure && <Failing failure={failure} />}
      <dl class="output-figures">
        <Figure name="delivered">{output.delivered.toLocaleString()}</Figure>
        <Figure name="waiting" bad={waiting > 0 && state === 'retrying'}>
          {waiting.toLocaleString()}
        </Figure>
        <Figure name="behind">{waiting === 0 ? 'no' : durationText(lagSeconds * 1e6)}</Figure>
        <Figure name="failed">{output.failed.toLocaleString()}</Figure>
        <Figure name="retried">{output.retried.toLocaleString()}</Figure>
        <Figure name="in summaries">{output.summarised.toLocaleString()}</Figure>
        <Figure name="dead letters" bad={deadLetters > 0}>
          {deadLetters === 0 ? (
            0
          ) : (
            <Link href={pathWith('/outputs', { output: name })}>
              {deadLetters.toLocaleString()}
              <span class="unseen"> of {name}</span>
            </Link>
          )}
        </Figure>
        <Figure name="last delivered">
          {output.lastDelivered === null ? 'never' : <Time at={output.lastDelivered} as="ago" />}
        </Figure>
      </dl>
      {type !== null && mayAdmin() && <TestButton output={name} />}
    </section>
  );
}

function Failing({ failure }: { failure: NonNullable<OutputStatus['failure']> }) {
  const { means, todo } = outputTrouble(failure);
  return (
    <div class="output-failing">
      <p>
        <strong>{means}.</strong> <Said text={failure.detail} />
      </p>
      <p>
        <Said text={todo} />
      </p>
      <p class="soft">
        Since <Time at={failure.since} />.{' '}
        {failure.nextAttempt !== null && (
          <>
            The next attempt is at <Time at={failure.nextAttempt} as="clock" />. What waits is kept.
          </>
        )}
      </p>
    </div>
  );
}

const Figure = ({ name, bad = false, children }: { name: string; bad?: boolean; children: ComponentChildren }) => (
  <div class={bad ? 'output-bad' : undefined}>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
