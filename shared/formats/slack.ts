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

const plain = (text: string) => ({ type: 'plain_text', text: escaped(text), emoji: false });

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
      { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
      ...(summary === '' ? [] : [{ type: 'section', text: plain(summary) }]),
      { type: 'section', fields: facts.slice(0, MAX_FIELDS).map(fieldOf) },
      ...(kill ? [{ type: 'section', text: plain(`To end it: ${kill.label}\n${kill.value}`) }] : []),
      { type: 'context', elements: [plain(footer)] },
      ...(link === undefined
        ? []
        : [{ type: 'actions', elements: [{ type: 'button', text: plain('Open in Truant'), url: link }] }]),
    ],
  };
}

const fieldOf = ({ label, value }: Fact) => plain(`${label}\n${value}`);
