/** What of an alert could be kept back in future: each rule, account and source that its findings have together. */
import type { Alert } from '../../../../../shared/schema/alert.ts';
import type { ExceptionTerms } from '../../../../../shared/schema/handling.ts';

export interface ExceptionChoice extends ExceptionTerms {
  /** The rule's. */
  title: string;
  /** How many findings of the alert it would have kept back. */
  count: number;
}

/** The collector takes no more with one action. */
const MOST = 100;

export function exceptionChoices({ findings }: Pick<Alert, 'findings'>): ExceptionChoice[] {
  const choices = new Map<string, ExceptionChoice>();
  for (const { rule, title, principal, source } of findings) {
    const key = JSON.stringify([rule, principal, source]);
    const choice = choices.get(key) ?? { rule, title, principal, source, count: 0 };
    choice.count += 1;
    choices.set(key, choice);
  }
  return [...choices.values()].sort((a, b) => b.count - a.count).slice(0, MOST);
}
