/** The story's lines, with what kind of step each is and how long after the one before. */
import type { Alert, Evidence, StoryLine } from '../../../../../shared/schema/alert.ts';
import { type Micros, SECOND } from '../../../../../shared/time.ts';
import { durationText } from '../../parts/durations.ts';

export interface Step extends Omit<StoryLine, 'observation'> {
  /** `told`: it rests on no single piece of evidence. */
  kind: Evidence['kind'] | 'away' | 'told';
  /** Id of the evidence, if the alert keeps it. */
  evidence: string | undefined;
  /** `19 s`; null: the first, or at once. */
  later: string | null;
  /** The first, or of another day than the one before, by the reader's clock. */
  isNewDay: boolean;
}

export function stepsOf({ story, evidence }: Pick<Alert, 'story' | 'evidence'>): Step[] {
  const known = new Map(evidence.map((item) => [item.id, item]));
  return story.map(({ time, sentence, observation }, index) => {
    const before = story[index - 1]?.time;
    const item = observation === undefined ? undefined : known.get(observation);
    return {
      time,
      sentence,
      kind: kindOf(item),
      evidence: item?.id,
      later: before === undefined || time - before < SECOND ? null : durationText(time - before),
      isNewDay: before === undefined || dayOf(before) !== dayOf(time),
    };
  });
}

function kindOf(item: Evidence | undefined): Step['kind'] {
  if (!item) return 'told';
  return item.placement?.startsWith('away') ? 'away' : item.kind;
}

const dayOf = (time: Micros): string => new Date(time / 1000).toDateString();
