import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cef } from '../../shared/formats/cef.ts';
import { cefLine } from '../../shared/formats/cef-line.ts';
import { printable } from '../../shared/text.ts';
import { theft } from '../page/support/theft.ts';
import { hostileText } from './support/arbitrary-alert.ts';
import { arbitraryOfAll, LINK, noticeOf, summary } from './support/notices.ts';
import { parseCef } from './support/parse-cef.ts';

const TEXT = { act: 63, cat: 1023, outcome: 63, reason: 1023, msg: 1023, suser: 1023, sproc: 1023, filePath: 1023 };
const MORE = { deviceExternalId: 255, dvchost: 100, externalId: 40, requestClientApplication: 1023 };
/** The extension dictionary's keys that may be sent, with the length of those that are strings; the rest by its form. */
const STRINGS: Record<string, number> = { ...TEXT, ...MORE };
for (let n = 1; n <= 6; n += 1) Object.assign(STRINGS, { [`cs${n}`]: 1023, [`cs${n}Label`]: 1023 });
for (const key of ['cn1', 'cn2', 'cn3', 'c6a2', 'deviceCustomDate1']) STRINGS[`${key}Label`] = 1023;
const NUMBER = /^-?\d{1,16}$/;
const FORMS: Record<string, RegExp> = {
  cn1: NUMBER,
  cn2: NUMBER,
  cn3: NUMBER,
  cnt: NUMBER,
  spid: NUMBER,
  rt: NUMBER,
  start: NUMBER,
  end: NUMBER,
  deviceCustomDate1: NUMBER,
  src: /^\d{1,3}(\.\d{1,3}){3}$/,
  c6a2: /^[0-9a-f:.]*:[0-9a-f:.]*$/,
};

describe('CEF', () => {
  it('has the fields of an alert', () => {
    const alert = theft({
      expiresAt: '2030-01-02T00:00:00.000000Z',
      actions: [{ title: 'Delete the pod', command: 'kubectl delete pod --namespace shop cart-0', effect: '' }],
      did: { requests: 3, refused: 3, actions: [], namespaces: [], userAgents: ['curl/8.5.0'] },
    });
    const { version, header, fields } = parseCef(cef.alert(noticeOf(alert)));
    expect(version).toBe('0');
    expect(header).toEqual(['Truant', 'Truant', '0.1.0', 'token-stolen-and-used', alert.title, '10']);
    expect(fields).toMatchObject({
      externalId: 'al_1',
      act: 'create',
      outcome: 'failure',
      rt: '1893456060000',
      start: '1893456000000',
      end: '1893456060000',
      deviceExternalId: 'kubernetes',
      dvchost: 'node-a',
      src: '203.0.113.66',
      suser: 'system:serviceaccount:shop:cart',
      requestClientApplication: 'curl/8.5.0',
      cs1Label: 'Kill action',
      cs1: 'kubectl delete pod --namespace shop cart-0',
      cs6Label: 'Link',
      cs6: LINK,
      cn1: '1',
      deviceCustomDate1: '1893542400000',
    });
  });

  it.each([
    ['203.0.113.9', { src: '203.0.113.9' }],
    ['2001:db8::1', { c6a2: '2001:db8::1', c6a2Label: 'Source IPv6 Address' }],
    ['::ffff:203.0.113.9', { src: '203.0.113.9' }],
    ['203.0.113.9 act=x', {}],
  ])('puts the address %s where its kind belongs', (address, expected) => {
    const alert = theft({ sources: [{ address, where: 'internet', count: 1 }] });
    const { src, c6a2, c6a2Label } = parseCef(cef.alert(noticeOf(alert))).fields;
    expect(JSON.parse(JSON.stringify({ src, c6a2, c6a2Label }))).toEqual(expected);
  });

  it.each([
    [{ resolution: { reason: 'benign', note: 'a\nb', by: 'jo', at: '' } }, 'benign by jo: a\nb'],
    [{ status: 'acknowledged', assignee: 'jo' }, 'acknowledged, jo looks after it'],
    [{ status: 'open' }, undefined],
  ] as const)('says what became of it: %j', (changes, reason) => {
    expect(parseCef(cef.alert(noticeOf(theft(changes)))).fields.reason).toBe(reason);
  });

  it('sends no half command', () => {
    const command = `kubectl delete pod ${'x'.repeat(2000)}`;
    const alert = theft({ actions: [{ title: '', command, effect: '' }] });
    expect(parseCef(cef.alert(noticeOf(alert))).fields).not.toHaveProperty('cs1');
  });

  it('tells a summary', () => {
    const { header, fields } = parseCef(cef.summary(summary));
    expect(header.slice(3)).toEqual(['alert-summary', '41 more alerts than could be sent one by one', '10']);
    expect(fields).toMatchObject({ cnt: '41', cs1: '1 critical, 10 high, 30 medium', cs3: summary.id });
  });

  it('is what the dictionary allows, whatever an alert holds', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) => {
        const { header, fields } = parseCef(notice.kind === 'alert' ? cef.alert(notice) : cef.summary(notice));
        expect(header[5]).toMatch(/^(?:[0-9]|10)$/);
        for (const [key, value] of Object.entries(fields)) {
          const max = STRINGS[key];
          if (max === undefined) expect(value, key).toMatch(FORMS[key] ?? /never/);
          else expect(value.length, key).toBeLessThanOrEqual(max);
          if (!key.endsWith('Label') && `${key}Label` in STRINGS) expect(fields).toHaveProperty(`${key}Label`);
        }
      }),
    );
  });

  it('gives every string back, with what is not printable as an escape', () => {
    const visible = (text: string) => text.replace(/[^\r\n]+/g, printable);
    fc.assert(
      fc.property(hostileText(60), hostileText(60), hostileText(60), (name, msg, suser) => {
        const { header, fields } = parseCef(cefLine(['a', 'b', 'c', 'd', name, 1], { msg, suser, act: '=' }));
        expect(header[4]).toBe(printable(name));
        expect(fields).toEqual(
          Object.fromEntries(
            Object.entries({ msg: visible(msg), suser: visible(suser), act: '=' }).filter(([, text]) => text !== ''),
          ),
        );
      }),
    );
  });

  it('cuts between characters', () => {
    const { fields } = parseCef(
      cefLine(['a', 'b', 'c', 'd', 'e', 1], { externalId: 'x'.repeat(38) + '\u{1f4a5}y', act: '\u{1f4a5}'.repeat(40) }),
    );
    expect(fields.externalId).toBe(`${'x'.repeat(38)}…`);
    expect(fields.act).toBe(`${'\u{1f4a5}'.repeat(31)}…`);
  });
});
