/** A notice with less in it: as much of each list as `items`, the first and the last of what has an order. */
import type { Alert, StoryLine } from '../schema/alert.ts';
import { cut } from '../text.ts';
import type { Notice } from './notice.ts';

/** Text whose end matters: cut, it would name another thing, or do another thing. */
const WHOLE = new Set([
  'id',
  'cluster',
  'time',
  'credential',
  'credentialKind',
  'command',
  'observation',
  'output',
  'link',
]);

/** At most `items` of each list. How many there were in all is still told: `counts`, `evidenceTotal`, `did.requests`. */
export function withFewer<T extends Notice>(notice: T, items: number): T {
  if (notice.kind === 'summary') {
    return { ...notice, rules: notice.rules.slice(0, items), alerts: notice.alerts.slice(0, items) };
  }
  return { ...notice, alert: fewerOf(notice.alert, items) };
}

export function fewerOf(alert: Alert, items: number): Alert {
  const { did } = alert;
  return {
    ...alert,
    sources: alert.sources.slice(0, items),
    relatedCredentials: alert.relatedCredentials.slice(0, items),
    findings: ends(alert.findings, items).map((finding) => ({
      ...finding,
      observations: finding.observations.slice(0, Math.max(1, items)),
    })),
    evidence: ends(alert.evidence, items),
    story: endsOfStory(alert.story, items),
    did: {
      ...did,
      actions: did.actions.slice(0, items),
      namespaces: did.namespaces.slice(0, items),
      userAgents: did.userAgents.slice(0, items),
    },
    // What ends it comes first of them, and is what somebody has to know.
    actions: alert.actions.slice(0, Math.max(1, items)),
    triage: alert.triage.slice(0, items),
  };
}

/** Every text of at most `max` characters. A command that is longer goes with its action. */
export function withShorter<T extends Notice>(notice: T, max: number): T {
  if (notice.kind === 'summary') return shorter<T>(notice, max);
  const { alert } = notice;
  const actions = alert.actions.filter(({ command }) => command.length <= max);
  return { ...notice, alert: shorter({ ...alert, actions }, max) };
}

function shorter<T>(value: T, max: number): T {
  if (typeof value === 'string') return cut(value, max) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => shorter(one, max)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, WHOLE.has(key) ? inner : shorter(inner, max)]),
  ) as T;
}

/** The first half and the last of it. */
function ends<T>(list: readonly T[], items: number): T[] {
  if (list.length <= items) return [...list];
  const first = Math.ceil(items / 2);
  return [...list.slice(0, first), ...list.slice(list.length - (items - first))];
}

function endsOfStory(story: readonly StoryLine[], items: number): StoryLine[] {
  const kept = ends(story, items);
  const before = story[Math.ceil(items / 2) - 1];
  if (kept.length === story.length || before === undefined) return kept;
  const sentence = `${story.length - kept.length} more lines of the story are left out here.`;
  return kept.toSpliced(Math.ceil(items / 2), 0, { time: before.time, sentence });
}
