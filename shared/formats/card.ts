/** What somebody wants to know at a glance of an alert, for chats: text without markup, each of a length that it may have there. */
import type { Alert, Severity } from '../schema/alert.ts';
import { cut, printable } from '../text.ts';
import { marked, severitiesOf, summaryTitle } from './facts.ts';
import { type AlertNotice, type SummaryNotice, severityOf } from './notice.ts';

export interface Fact {
  label: string;
  value: string;
}

/** All of it is printable, and none of it longer than its `MAX`. */
export interface Card {
  title: string;
  summary: string;
  facts: Fact[];
  /** The first thing that would end it, as a command for a shell. */
  kill?: Fact;
  /** Of the alert itself: its id and cluster. */
  footer: string;
  link?: string;
}

const MAX = { title: 140, summary: 1000, value: 400, command: 600, footer: 200, link: 2000 };
const MAX_ACTIONS = 5;
const MAX_LISTED = 5;

const LIGHTS: Readonly<Record<Severity, string>> = { info: '⚪', low: '🔵', medium: '🟡', high: '🟠', critical: '🔴' };
const EVENTS = { create: '', update: 'Updated: ', close: 'Closed: ' };

export function cardOf(notice: AlertNotice): Card {
  const { alert, event, id, link } = notice;
  const [kill] = alert.actions;
  return {
    title: titleOf(alert.severity, marked(notice, `${EVENTS[event]}${alert.title}`)),
    summary: shown(marked(notice, alert.summary), MAX.summary),
    facts: factsShown(factsOf(alert)),
    ...(kill && kill.command !== '' && alert.status !== 'closed' && { kill: killOf(kill) }),
    footer: shown(`Alert ${alert.id} of cluster ${alert.cluster}, notice ${id}`, MAX.footer),
    ...linkOf(link),
  };
}

export function cardOfSummary(notice: SummaryNotice): Card {
  const { rules, alerts, since, until, output, id, link } = notice;
  const worst = alerts
    .slice(0, MAX_LISTED)
    .map(({ severity, title, principal }) => `${severity}: ${title} (${principal})`);
  const facts = [
    { label: 'Severity', value: severitiesOf(notice) },
    { label: 'When', value: `${timeOf(since)} to ${timeOf(until)}` },
    { label: 'Rules', value: rules.map(({ rule, count }) => `${rule} (${count})`).join(', ') },
    ...worst.map((value, n) => ({ label: n === 0 ? 'The worst' : 'Also', value })),
  ];
  return {
    title: titleOf(severityOf(notice), summaryTitle(notice)),
    summary: shown(`Output ${output} may send no faster. All of them are at the collector.`, MAX.summary),
    facts: factsShown(facts),
    footer: shown(`Summary ${id}`, MAX.footer),
    ...linkOf(link),
  };
}

const titleOf = (severity: Severity, title: string) =>
  `${LIGHTS[severity]} ${shown(`${severity.toUpperCase()}: ${title}`, MAX.title)}`;

const factsShown = (facts: readonly Fact[]): Fact[] =>
  facts.filter(({ value }) => value !== '').map(({ label, value }) => ({ label, value: shown(value, MAX.value) }));

function factsOf(alert: Alert): Fact[] {
  const { status, resolution, assignee, credentialKind, credential, expiresAt } = alert;
  const lives = expiresAt === undefined ? '' : `, lives until ${timeOf(expiresAt)}`;
  return [
    { label: 'Severity', value: `${alert.severity}, confidence ${alert.confidence}: ${alert.confidenceWhy}` },
    { label: 'Principal', value: alert.principal },
    { label: 'Credential', value: credential === null ? '' : `${credential} (${credentialKind ?? 'unknown'}${lives})` },
    { label: 'From', value: sourcesOf(alert) },
    { label: 'When', value: `${timeOf(alert.firstSeen)} to ${timeOf(alert.lastSeen)}` },
    { label: 'It did', value: deedsOf(alert) },
    { label: 'In hand', value: [status === 'acknowledged' ? status : '', assignee ?? ''].filter(Boolean).join(', ') },
    {
      label: 'Closed',
      value: resolution ? `as ${resolution.reason} by ${resolution.by}, ${timeOf(resolution.at)}` : '',
    },
    { label: 'Note', value: resolution?.note ?? '' },
  ];
}

function sourcesOf({ sources }: Alert): string {
  const named = sources
    .slice(0, MAX_LISTED)
    .map(({ address, where, count }) => `${address} (${where}, ${timesOf(count)})`);
  const more = sources.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

const timesOf = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function deedsOf({ did: { requests, refused, actions } }: Alert): string {
  if (requests === 0) return '';
  const most = actions
    .slice(0, MAX_ACTIONS)
    .map(({ action, namespace, count }) => `${action}${namespace === '' ? '' : ` in ${namespace}`} (${count})`);
  const more = actions.length - most.length;
  return `${requests} requests, ${refused} refused: ${most.join(', ')}${more > 0 ? ` and ${more} other things` : ''}`;
}

/** Half a command would do something else: one that is too long, even with an entity for each character, is left to the page. */
function killOf({ title, command }: Alert['actions'][number]): Fact {
  const text = printable(command);
  return {
    label: shown(title, MAX.value),
    value: text.length <= MAX.command ? text : 'The command is too long to be shown here: see the alert.',
  };
}

const linkOf = (link: string | undefined) => (link !== undefined && link.length <= MAX.link ? { link } : {});

/** `2026-11-23 18:39:46 UTC`. */
const timeOf = (time: string): string => time.replace(/^([\d-]{10})T([\d:]{8})\.\d+Z$/, '$1 $2 UTC');

const shown = (text: string, max: number): string => cut(printable(text), max);
