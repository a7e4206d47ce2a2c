/**
 * The page at `/`: blind spots, and the newest alerts with their stories, as plain HTML from the server. No script runs in
 * it, nothing is loaded from anywhere, and whatever they say can be nothing but text.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Alert } from '../../shared/schema/alert.ts';
import { printable } from '../../shared/text.ts';
import { type Clock, formatTime } from '../../shared/time.ts';
import type { BlindSpot, Store } from '../store/store.ts';

const NEWEST = 25;
const STORY_LINES = 200;
const MOST_BLIND_SPOTS = 20;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
article { border-left: .4rem solid gray; margin: 1.5rem 0; padding: .2rem 1rem; }
article.critical { border-color: #b00020; } article.high { border-color: #d9480f; } article.medium { border-color: #b58900; }
h2 { font-size: 1.1rem; margin: .2rem 0; } p { margin: .3rem 0; } small, time { color: gray; }
pre { overflow-x: auto; padding: .5rem; background: rgb(127 127 127 / 15%); }
li { margin: .2rem 0; overflow-wrap: anywhere; }
`;
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function indexPageRoute(store: Store, clock: Clock): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/', async (_request, reply) => {
      const [{ items }, blindSpots] = await Promise.all([
        store.alerts({}, { limit: NEWEST }),
        store.blindSpots(clock.now()),
      ]);
      const alerts = await Promise.all(items.map(({ id, cluster }) => store.alert(id, cluster)));
      reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8');
      return indexPage(alerts.flat(), blindSpots);
    });
  };
}

export function indexPage(alerts: readonly Alert[], blindSpots: readonly BlindSpot[]): string {
  const list =
    alerts.length === 0
      ? html`<p>No alerts so far.</p>`
      : html`${alerts.map((alert, index) => article(alert, index === 0))}`;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Truant</title><style>${raw(STYLE)}</style></head>
<body>
<h1>Truant</h1>
${blindSpots.length === 0 ? '' : cannotSee(blindSpots)}
<p>The newest alerts. Everything is in the <a href="/api/v1/alerts">API</a>: alerts, <a href="/api/v1/history">uses, and who read tokens</a>, <a href="/api/v1/status">status</a>.</p>
${list}
</body>
</html>
`.markup;
}

function cannotSee(blindSpots: readonly BlindSpot[]): Markup {
  const shown = blindSpots.slice(0, MOST_BLIND_SPOTS);
  const left = blindSpots.length - shown.length;
  return html`<h2>What Truant cannot see at the moment</h2>
<ul>${shown.map(({ cluster, node, source, status, reason, detail, time }) => {
    const where = `${cluster}, ${node === null ? '' : `node ${node}, `}${source}`;
    return html`<li><time>${formatTime(time)}</time> <b>${where}: ${status}, ${reason}</b> ${detail}</li>`;
  })}</ul>
${left > 0 ? html`<p>and ${String(left)} more</p>` : ''}`;
}

function article(alert: Alert, unfolded: boolean): Markup {
  const query = `?cluster=${inUrl(alert.cluster)}`;
  const story = alert.story.slice(0, STORY_LINES);
  const left = alert.story.length - story.length;
  return html`<article class="${alert.severity}" id="${alert.id}">
<h2>${alert.title}</h2>
<p>${alert.summary}</p>
<p><small>${alert.severity}, confidence ${alert.confidence}, ${alert.status}; cluster ${alert.cluster}; ${alert.firstSeen} to ${alert.lastSeen}</small></p>
<p><a href="/api/v1/alerts/${inUrl(alert.id)}${query}">All of it as JSON</a>${credentialLink(alert, query)}</p>
<details${raw(unfolded ? ' open' : '')}><summary>Story</summary>
<ol>${story.map(({ time, sentence }) => html`<li><time>${formatTime(time)}</time> ${sentence}</li>`)}</ol>
${left > 0 ? html`<p>and ${String(left)} more</p>` : ''}
${alert.actions.map(({ title, command, effect }) => html`<p><b>${title}</b>: ${effect}</p><pre>${command}</pre>`)}
</details>
</article>
`;
}

function credentialLink({ credential }: Alert, query: string): Markup | string {
  if (credential === null) return '';
  const id = inUrl(credential);
  return html` · <a href="/api/v1/credentials/${id}${query}">The life of the credential</a> · <a href="/api/v1/history${query}&credential=${id}">Who read and used it</a>`;
}

/** Half of a surrogate pair has no place in a URL; the store has replaced it too. */
const inUrl = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** Text that is HTML already, because `html` made it. */
class Markup {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Insert = string | Markup | readonly Markup[];

/** A template whose inserts are escaped, unless they are markup themselves. */
function html(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return new Markup(parts.reduce((text, part, index) => text + insertText(inserts[index - 1] ?? '') + part));
}

function insertText(insert: Insert): string {
  if (typeof insert === 'string') return escapeHtml(insert);
  return insert instanceof Markup ? insert.markup : insert.map(({ markup }) => markup).join('');
}

/** Only for constants of this file. */
function raw(text: string): Markup {
  return new Markup(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Safe between tags and in quoted attributes; what can't be seen, or turns text around, is shown as an escape. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (char) => ESCAPES[char] ?? '');
}
