import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlindSpot } from '../../collector/store/store.ts';
import { escapeHtml, indexPage } from '../../collector/web/index-page.ts';
import { formatTime } from '../../shared/time.ts';
import { alert, START, status, use } from './support/make.ts';
import { batch, runCollector } from './support/running.ts';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style></pre><svg/onload=alert(1)>',
  'javascript:alert(1)',
  '&lt;b&gt; &amp;',
  '\u202egnp.exe\u0000\u001b[31m',
  '${7*7} {{7*7}} <!-- -->',
  '`backticks`',
];

/** The page's markup alone: every tag, without what is between them. */
const tags = (page: string) => page.replace(/<style>.*<\/style>/s, '').match(/<[^>]*>/g) ?? [];
const ALLOWED =
  /^<(?:!doctype html|html lang="en"|(?:head|body|h1|h2|p|ul|small|details(?: open)?|summary|ol|li|time|pre|b|title)|\/\w+|meta (?:charset="utf-8"|name="viewport" content="width=device-width")|article class="\w+" id="[^"<>]*"|a href="\/api\/v1\/[^"<>]*")>$/;

const blind = (parts: Partial<BlindSpot> = {}): BlindSpot => ({
  cluster: 'demo',
  node: 'node-a',
  source: 'token-opens',
  status: 'blind',
  reason: 'not-permitted',
  detail: 'needs CAP_SYS_ADMIN',
  time: START,
  ...parts,
});

describe('the page of the newest alerts', () => {
  test.each(HOSTILE)('shows %j as text and nothing else, wherever it is', (text) => {
    const spot = blind({ cluster: text, node: text, source: text, reason: text, detail: text });
    const alerts = [
      alert(text, {
        title: text,
        summary: text,
        cluster: text,
        credential: text,
        firstSeen: text,
        story: [{ time: 0, sentence: text }],
        actions: [{ title: text, command: text, effect: text }],
      }),
    ];
    const page = indexPage(alerts, [spot]);
    for (const tag of tags(page)) expect(tag).toMatch(ALLOWED);
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('escapes any text so that it can be read back', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"'`]/);
        const back = escaped
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&#96;', '`')
          .replaceAll('&amp;', '&');
        expect(back).toBe(text);
      }),
    );
  });

  test('shows names that no URL can hold', () => {
    const page = indexPage([alert('a\ud800', { cluster: 'b\udc00', credential: 'JTI=\ud83d' })], []);
    expect(page).toContain('/api/v1/history?cluster=b%EF%BF%BD&credential=JTI%3D%EF%BF%BD');
  });

  test('shows a long story in part, and says how much is left', () => {
    const story = Array.from({ length: 250 }, (_, n) => ({ time: n, sentence: `step ${n}` }));
    const page = indexPage([alert('a1', { story })], []);
    expect(page).toContain('step 199<');
    expect(page).not.toContain('step 200<');
    expect(page).toContain('and 50 more');
  });

  test('says above the alerts what can not be seen, and how much more there is', () => {
    const spots = [blind(), ...Array.from({ length: 24 }, (_, n) => blind({ node: null, detail: `spot ${n}` }))];
    const page = indexPage([alert('a1')], spots);
    const list = page.slice(page.indexOf('</h1>'), page.indexOf('<article'));
    expect(list).toContain('What Truant cannot see at the moment');
    const first = `<time>${formatTime(START)}</time> <b>demo, node node-a, token-opens: blind, not-permitted</b>`;
    expect(list).toContain(`<li>${first} needs CAP_SYS_ADMIN</li>`);
    expect(list).toContain('<b>demo, token-opens: blind, not-permitted</b> spot 18<');
    expect(list).not.toContain('spot 19<');
    expect(list).toContain('and 5 more');
  });

  test('says nothing of blind spots when there are none, and shows those that the store has', async () => {
    const running = await runCollector();
    const page = async () => (await running.get('/')).text();
    expect(await page()).not.toContain('cannot see');
    await running.post(batch(0, [status(0)]));
    expect(await page()).toContain('demo, node node-a, audit-file: blind, file-missing');
    await running.post(batch(1, [status(1, { status: 'ok', reason: 'reading' })]));
    expect(await page()).not.toContain('cannot see');
    await running.stop();
  });

  test('is served under a policy that allows its own style and nothing else', async () => {
    const running = await runCollector();
    expect(await (await running.get('/')).text()).toContain('No alerts so far.');
    await running.post(batch(0, [use(0, { source: '203.0.113.9' })]));
    const response = await running.get('/');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    expect(page).toContain('The token was used from 203.0.113.9.');
    expect(page).toContain('href="/api/v1/alerts/al-JTI%3Dcart?cluster=demo"');
    expect(page).not.toMatch(/<script|style=|\son\w+=/i);
    const style = createHash('sha256')
      .update(/<style>(.*)<\/style>/s.exec(page)?.[1] ?? '')
      .digest('base64');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy.split('; ').toSorted()).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      `style-src 'sha256-${style}'`,
    ]);
    await running.stop();
  });
});
