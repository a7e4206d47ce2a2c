/**
 * An Adaptive Card in the message that a Workflows webhook of Microsoft Teams takes. Every text is a `TextRun`: unlike a
 * `TextBlock` or a `Fact` it has no Markdown, no links and no functions for dates.
 */
import { type Card, cardOf, cardOfSummary, type Fact } from './card.ts';
import type { Format } from './format.ts';
import { jsonLine } from './json-line.ts';

export const teams: Format = {
  name: 'teams',
  contentType: 'application/json',
  alert: (notice) => jsonLine(messageOf(cardOf(notice))),
  summary: (notice) => jsonLine(messageOf(cardOfSummary(notice))),
};

function messageOf(card: Card) {
  return {
    type: 'message',
    summary: card.title,
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: contentOf(card) },
    ],
  };
}

function contentOf({ title, summary, facts, kill, footer, link }: Card) {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      paragraph([{ text: title, weight: 'Bolder', size: 'Large' }]),
      paragraph([{ text: summary }]),
      ...facts.map(factOf),
      ...(kill
        ? [factOf({ label: 'To end it', value: kill.label }), paragraph([{ text: kill.value, fontType: 'Monospace' }])]
        : []),
      paragraph([{ text: footer, isSubtle: true, size: 'Small' }]),
    ],
    ...(link !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'Open in Truant', url: link }] }),
  };
}

interface Run {
  text: string;
  weight?: 'Bolder';
  size?: 'Large' | 'Small';
  fontType?: 'Monospace';
  isSubtle?: true;
}

const paragraph = (runs: readonly Run[]) => ({
  type: 'RichTextBlock',
  inlines: runs.map((run) => ({ type: 'TextRun', ...run })),
});

const factOf = ({ label, value }: Fact) => paragraph([{ text: `${label}: `, weight: 'Bolder' }, { text: value }]);
