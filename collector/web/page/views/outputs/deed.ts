/** Something that is asked of the collector by a button: whether it is under way, and what came of it. */
import { useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/client.ts';
import { asProblem } from '../../api/session.ts';

interface State<Answer> {
  isBusy: boolean;
  /** Of the last time. */
  answer?: Answer;
  problem?: ApiProblem;
}

export interface Deed<Asked, Answer> extends State<Answer> {
  run(asked: Asked): void;
}

export function useDeed<Asked, Answer>(
  ask: (asked: Asked) => Promise<Answer>,
  onDone: () => void = () => undefined,
): Deed<Asked, Answer> {
  const [state, setState] = useState<State<Answer>>({ isBusy: false });
  const run = async (asked: Asked): Promise<void> => {
    setState({ isBusy: true });
    try {
      setState({ isBusy: false, answer: await ask(asked) });
      onDone();
    } catch (error) {
      setState({ isBusy: false, problem: asProblem(error) });
    }
  };
  return { ...state, run: (asked) => void run(asked) };
}
