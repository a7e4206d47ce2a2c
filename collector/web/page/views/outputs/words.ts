/** What the API names of outputs, in words. */
import type { OutputStatus } from '../../../../query/schemas/outputs.ts';

type State = OutputStatus['state'] | 'gone';

export const STATE_WORDS: Readonly<Record<State, string>> = {
  ok: 'well',
  retrying: 'retrying',
  off: 'off',
  gone: 'not configured',
};

export const stateOf = ({ type, state }: Pick<OutputStatus, 'type' | 'state'>): State =>
  type === null ? 'gone' : state;

/** What it takes to be sent. */
export function wantsText({ on, minSeverity }: Pick<OutputStatus, 'on' | 'minSeverity'>): string {
  const severity = minSeverity === 'info' ? 'every alert' : `alerts of severity ${minSeverity} and more`;
  return on.length === 3 ? severity : `${severity}, on ${on.join(' and ')}`;
}

/** Why what it could not deliver can't be sent again; undefined: it can. */
export function whyNoReplay(output: Pick<OutputStatus, 'type' | 'state'> | undefined): string | undefined {
  const state = output ? stateOf(output) : 'gone';
  if (state === 'gone') return 'The output is not configured any more.';
  return state === 'off' ? 'The output is off.' : undefined;
}

/** The worst first: what does not deliver, what has dead letters, and then by name. */
export function worstFirst(a: OutputStatus, b: OutputStatus): number {
  const rank = ({ state, deadLetters }: OutputStatus): number => (state === 'retrying' ? 0 : deadLetters > 0 ? 1 : 2);
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}

/** Where there is no output yet. */
export const EXAMPLE = `collector:
  outputs:
    siem:
      minSeverity: medium
      syslog:
        address: siem.example:6514
    chat:
      format: slack
      webhook:
        secretUrl: { file: /etc/truant/slack-url }
`;
