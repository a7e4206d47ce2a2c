/** What happened, step by step, from issue through read to each use. */
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';
import { stepsOf } from './story-steps.ts';

interface StoryProps {
  alert: AlertAnswer;
  /** Shows the evidence with that id. */
  onShow(id: string): void;
}

export function StoryCard({ alert, onShow }: StoryProps) {
  const steps = stepsOf(alert);
  return (
    <section class="card" aria-labelledby="story-title">
      <h2 id="story-title">The story</h2>
      {steps.length === 0 && <p class="soft">Nothing is told of it.</p>}
      <ol class="story">
        {steps.map(({ time, sentence, kind, evidence, later, isNewDay }, index) => (
          <li key={`${index} ${time}`} class={`story-${kind}`}>
            <span class="story-time">
              {isNewDay ? <Time at={time} /> : <Time at={time} as="clock" />}
              {later !== null && <small>{later} later</small>}
            </span>
            <span>
              <Said text={sentence} />{' '}
              {evidence !== undefined && (
                <button
                  type="button"
                  class="quiet story-show"
                  aria-label={`Evidence of step ${index + 1}`}
                  onClick={() => onShow(evidence)}
                >
                  evidence
                </button>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
