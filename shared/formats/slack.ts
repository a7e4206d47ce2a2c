/**
 * A message for an incoming webhook of Slack, in Block Kit. Every text is `plain_text`, where Slack sees no markup; a
 * mention or link would have to be made of `<` and `>`, which are escaped.
 */
import { type Card, cardOf, cardOfSummary, type Fact } from './card.ts';
import type { Format } from './format.ts';
import { jsonLine } from './json-line.ts';

export const slack: Format = {
  name: 'slack',
  contentType: 'application/json',
  alert: (notice) => jsonLine(messageOf(cardOf(notice))),
  summary: (notice) => jsonLine(messageOf(cardOfSummary(notice))),
};

/** As many as one section may have. */
const MAX_FIELDS = 10;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);

/** At most `max` characters with the entities, none of them in part. */
function fitting(text: string, max: number): string {
  const whole = escaped(text);
  if (whole.length <= max) return whole;
  let start = '';
  for (const char of text) {
    const next = start + escaped(char);
    if (next.length >= max) break;
    start = next;
  }
  return `${start}…`;
}

const plain = (text: string, max: number) => ({ type: 'plain_text', text: fitting(text, max), emoji: false });
const section = (text: string) => ({ type: 'section', text: plain(text, 3000) });

function messageOf({ title, summary, facts, kill, footer, link }: Card) {
  return {
    // What a notification shows, and whoever can't show blocks.
    text: escaped(`${title}: ${summary}`),
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(title, 150) },
      ...(summary === '' ? [] : [section(summary)]),
      { type: 'section', fields: facts.slice(0, MAX_FIELDS).map(fieldOf) },
      ...(kill ? [section(`To end it: ${kill.label}`), section(kill.value)] : []),
      { type: 'context', elements: [plain(footer, 2000)] },
      ...(link === undefined ? [] : [{ type: 'actions', elements: [buttonTo(link)] }]),
    ],
  };
}

const fieldOf = ({ label, value }: Fact) => plain(`${label}\n${value}`, 2000);

const buttonTo = (url: string) => ({ type: 'button', text: plain('Open in Truant', 75), url });
