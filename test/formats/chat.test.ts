import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slack } from '../../shared/formats/slack.ts';
import { teams } from '../../shared/formats/teams.ts';
import { printable } from '../../shared/text.ts';
import { theft } from '../page/support/theft.ts';
import { arbitraryOfAll, LINK, noticeOf, summary } from './support/notices.ts';

interface PlainText {
  type: string;
  text: string;
  emoji: boolean;
}

interface Block {
  type: string;
  text?: PlainText;
  fields?: PlainText[];
  elements?: (PlainText | { type: 'button'; text: PlainText; url: string })[];
}

interface SlackMessage {
  text: string;
  parse: string;
  blocks: Block[];
}

interface TeamsMessage {
  type: string;
  attachments: {
    contentType: string;
    content: {
      type: string;
      version: string;
      body: { type: string; inlines: { type: string; text: string }[] }[];
      actions?: { type: string; url: string }[];
    };
  }[];
}

const stolen = theft({
  title: 'Token stolen',
  did: {
    requests: 19,
    refused: 5,
    actions: [{ action: 'list secrets', namespace: 'shop', count: 2, refused: 2 }],
    namespaces: ['shop'],
    userAgents: [],
  },
  actions: [{ title: 'Delete the pod shop/cart-0', command: 'kubectl delete pod --namespace shop cart-0', effect: '' }],
});
const closed = theft({
  status: 'closed',
  resolution: { reason: 'false-positive', note: 'A new proxy.', by: 'jo', at: '2030-01-02T00:00:00.000000Z' },
});

const said = {
  slack(text: string): string[] {
    const { blocks } = JSON.parse(text) as SlackMessage;
    const texts = blocks.flatMap(({ text: own, fields = [], elements = [] }) => [own, ...fields, ...elements]);
    return texts.flatMap((one) => (one?.type === 'plain_text' ? unescaped(one.text) : []));
  },
  teams(text: string): string[] {
    const { attachments } = JSON.parse(text) as TeamsMessage;
    const body = attachments.flatMap(({ content }) => content.body);
    return body.map(({ inlines }) => inlines.map((run) => run.text).join(''));
  },
};

const unescaped = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

describe.each([
  [slack, said.slack],
  [teams, said.teams],
] as const)('%o', (format, saidBy) => {
  it('says at a glance what an analyst asks', () => {
    const all = saidBy(format.alert(noticeOf(stolen))).join('\n');
    for (const part of [
      '🔴 CRITICAL: Token stolen',
      stolen.summary,
      'system:serviceaccount:shop:cart',
      '203.0.113.66 (internet, 3 times)',
      '2030-01-01 00:00:00 UTC to 2030-01-01 00:01:00 UTC',
      '19 requests, 5 refused: list secrets in shop (2)',
      'critical, confidence high: It is so.',
      'Delete the pod shop/cart-0',
      'kubectl delete pod --namespace shop cart-0',
      'al_1',
    ]) {
      expect(all).toContain(part);
    }
  });

  it('says who closed it, as what, and why; and of how to end it no more', () => {
    const all = saidBy(format.alert(noticeOf({ ...closed, actions: stolen.actions }, { event: 'close' }))).join('\n');
    expect(all).toContain('Closed: ');
    expect(all).toContain('as false-positive by jo, 2030-01-02 00:00:00 UTC');
    expect(all).toContain('A new proxy.');
    expect(all).not.toContain('kubectl');
  });

  it.each([
    [{ status: 'acknowledged' }, 'acknowledged'],
    [{ status: 'acknowledged', assignee: 'jo' }, 'acknowledged, jo'],
    [{ status: 'open', assignee: 'jo' }, 'jo'],
  ] as const)('says in whose hands it is: %o', (parts, who) => {
    const all = saidBy(format.alert(noticeOf({ ...stolen, ...parts }, { event: 'update' }))).join('\n');
    expect(all.replace('In hand: ', 'In hand\n')).toContain(`In hand\n${who}\n`);
  });

  it('tells a summary', () => {
    const all = saidBy(format.summary(summary)).join('\n');
    expect(all).toContain('41 more alerts than could be sent one by one');
    expect(all).toContain('1 critical, 10 high, 30 medium');
    expect(all).toContain('critical: Token used away (system:serviceaccount:shop:cart)');
  });

  it('sends no half command', () => {
    const command = `kubectl delete pod ${'x'.repeat(2000)}`;
    const text = format.alert(noticeOf({ ...stolen, actions: [{ title: 'End it', command, effect: '' }] }));
    expect(text).not.toContain('kubectl');
  });

  it('gives hostile names back, visibly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        const all = saidBy(format.alert(noticeOf({ ...stolen, principal: `p ${name} p` }))).join('\n');
        expect(all).toContain(printable(`p ${name} p`));
      }),
    );
  });
});

describe('Slack', () => {
  it('keeps to the limits of Block Kit, and has nothing that Slack would read as markup', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) => {
        const text = notice.kind === 'alert' ? slack.alert(notice) : slack.summary(notice);
        const message = JSON.parse(text) as SlackMessage;
        expect(text).not.toContain('mrkdwn":true');
        expect(message.parse).toBe('none');
        expect(message.text).not.toMatch(/[<>]/);
        expect(message.blocks.length).toBeLessThanOrEqual(50);
        for (const block of message.blocks) expectBlock(block);
      }),
    );
  });
});

const MAX: Readonly<Record<string, number>> = { header: 150, section: 3000 };

function expectBlock({ type, text, fields = [], elements = [] }: Block): void {
  expect(['header', 'section', 'context', 'actions']).toContain(type);
  expect(fields.length).toBeLessThanOrEqual(10);
  expect(elements.length).toBeLessThanOrEqual(10);
  if (type === 'section' && text === undefined) expect(fields.length).toBeGreaterThan(0);
  if (text) expectPlain(text, MAX[type] ?? 0);
  for (const field of fields) expectPlain(field, 2000);
  for (const element of elements) {
    if ('url' in element) {
      expect(element.url.length).toBeLessThanOrEqual(3000);
      expectPlain(element.text, 75);
    } else expectPlain(element, 2000);
  }
}

function expectPlain({ type, text, emoji }: PlainText, max: number): void {
  expect(type).toBe('plain_text');
  expect(emoji).toBe(false);
  expect(text.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThanOrEqual(max);
  expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
}

describe('Teams', () => {
  it('is a card of at most 28 KB in the message of a workflow, and has nothing that Teams would read as markup', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) => {
        const text = notice.kind === 'alert' ? teams.alert(notice) : teams.summary(notice);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(28 * 1024);
        const message = JSON.parse(text) as TeamsMessage;
        expect(message.type).toBe('message');
        const [attachment] = message.attachments;
        expect(attachment?.contentType).toBe('application/vnd.microsoft.card.adaptive');
        expect(attachment?.content).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
        for (const { type, inlines } of attachment?.content.body ?? []) {
          expect(type).toBe('RichTextBlock');
          for (const run of inlines) expect(run.type).toBe('TextRun');
        }
      }),
    );
  });
});

it('has a button where it is known where the page is', () => {
  expect((JSON.parse(slack.alert(noticeOf(stolen))) as SlackMessage).blocks.at(-1)?.elements).toMatchObject([
    { url: LINK },
  ]);
  const { attachments } = JSON.parse(teams.alert(noticeOf(stolen))) as TeamsMessage;
  expect(attachments[0]?.content.actions).toMatchObject([{ type: 'Action.OpenUrl', url: LINK }]);
});
