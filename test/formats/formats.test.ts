import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitted, rendered } from '../../shared/formats/fit.ts';
import type { Format } from '../../shared/formats/format.ts';
import { formats } from '../../shared/formats/formats.ts';
import { withFewer } from '../../shared/formats/lessened.ts';
import { native } from '../../shared/formats/native.ts';
import { testNotice } from '../../shared/formats/test-alert.ts';
import { type AlertMessage, NoticeMessage } from '../../shared/schema/notice.ts';
import { wellFormed } from '../../shared/text.ts';
import { SECOND } from '../../shared/time.ts';
import { VERSION } from '../../shared/version.ts';
import { evidence, finding, theft } from '../page/support/theft.ts';
import { arbitraryAlert } from './support/arbitrary-alert.ts';
import { arbitraryNotice, arbitraryOfAll, noticeOf, summary } from './support/notices.ts';
import { recordedAlerts } from './support/recorded-alerts.ts';

const all: Format[] = Object.values(formats);

/** Whatever a reader of lines may take for the end of one. */
const LINE_END = /[\n\r\v\f\u0085\u2028\u2029]/;

describe.each(all)('$name', (format) => {
  it('is one line of well-formed text, whatever an alert holds', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) => {
        const text = rendered(notice, format);
        expect(text).not.toMatch(LINE_END);
        expect(text).not.toMatch(/\p{Cs}|\\ud[89a-f]/iu);
        if (format.contentType === 'application/json') expect(JSON.parse(text)).toBeTypeOf('object');
      }),
    );
  });

  it('is the same for the same notice', () => {
    fc.assert(
      fc.property(arbitraryNotice, (notice) => {
        expect(format.alert(structuredClone(notice))).toBe(format.alert(notice));
      }),
    );
  });

  it("has the alert's own id", async () => {
    for (const alert of await recordedAlerts()) expect(format.alert(noticeOf(alert))).toContain(alert.id);
  });

  it('says of a test that it is one', () => {
    const { isTest: _, ...real } = testNotice('siem', 'abc', SECOND);
    const test = format.alert({ ...real, isTest: true });
    expect(test).not.toBe(format.alert(real));
    expect(test).toMatch(format.name === 'native' ? /"test":true/ : /TEST: /);
  });

  it('fits, or is not there', () => {
    fc.assert(
      fc.property(arbitraryOfAll, fc.integer({ min: 0, max: 20_000 }), (notice, maxBytes) => {
        const text = fitted(notice, format, maxBytes);
        if (text !== undefined) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
        else expect(Buffer.byteLength(rendered(notice, format))).toBeGreaterThan(maxBytes);
      }),
    );
  });

  it('fits where a syslog server takes the least, for the alerts of the recordings', async () => {
    for (const alert of await recordedAlerts()) expect(fitted(noticeOf(alert), format, 8192)).toBeDefined();
  });
});

describe.each([formats.ecs, formats.cef, formats.slack, formats.teams])('$name', (format) => {
  it('of a small alert is as ever', async () => {
    const alert = (await recordedAlerts()).find(({ cluster }) => cluster === '09-proc-root-read');
    const text = format.alert(noticeOf(alert ?? theft(), { event: 'update' })).replaceAll(VERSION, '<version>');
    const shown = format.contentType === 'application/json' ? JSON.stringify(JSON.parse(text), null, 2) : text;
    await expect(`${shown}\n`).toMatchFileSnapshot(`golden/${format.name}.txt`);
  });
});

describe('native', () => {
  const schema = JSON.parse(readFileSync(new URL('../../docs/schema/notice.json', import.meta.url), 'utf8')) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);

  it('is what its published schema says', () => {
    fc.assert(
      fc.property(arbitraryOfAll, (notice) => {
        const message: unknown = JSON.parse(rendered(notice, native));
        expect(validate(message), JSON.stringify(validate.errors)).toBe(true);
        NoticeMessage.parse(message);
      }),
    );
  });

  it('gives every string back', () => {
    const kept = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_, inner: unknown) => (typeof inner === 'string' ? wellFormed(inner) : inner));
    fc.assert(
      fc.property(arbitraryAlert, (alert) => {
        const message = JSON.parse(native.alert(noticeOf(alert))) as AlertMessage;
        expect(message.alert).toEqual(kept(alert));
      }),
    );
  });
});

describe('less of an alert', () => {
  const numbers = Array.from({ length: 9 }, (_, n) => String(n));
  const alert = theft({
    evidence: numbers.map((id) => evidence({ id })),
    evidenceTotal: 90,
    findings: numbers.map((id) => finding({ id })),
    counts: { findings: 80, observations: 90 },
    story: numbers.map((sentence, time) => ({ time, sentence })),
  });

  it('has the first and the last, and still says how many there were', () => {
    const less = withFewer(noticeOf(alert), 3).alert;
    expect(less.evidence.map(({ id }) => id)).toEqual(['0', '1', '8']);
    expect(less.findings.map(({ id }) => id)).toEqual(['0', '1', '8']);
    expect(less.story.map(({ sentence }) => sentence)).toEqual([
      '0',
      '1',
      '6 more lines of the story are left out here.',
      '8',
    ]);
    expect(less).toMatchObject({ evidenceTotal: 90, counts: { findings: 80 } });
  });

  it('has as much as fits', () => {
    const whole = native.alert(noticeOf(alert));
    const size = Buffer.byteLength(whole);
    expect(fitted(noticeOf(alert), native, size)).toBe(whole);
    const less = JSON.parse(fitted(noticeOf(alert), native, size - 1) ?? '') as AlertMessage;
    expect(less.alert.evidence).toHaveLength(5);
  });

  it('keeps names and commands whole', () => {
    const command = `kubectl ${'x'.repeat(300)}`;
    const long = theft({
      summary: 'y'.repeat(10_000),
      credential: 'z'.repeat(256),
      actions: [
        { title: 'a', command: 'kubectl delete', effect: '' },
        { title: 'b', command, effect: '' },
      ],
    });
    const { alert: less, id } = JSON.parse(fitted(noticeOf(long), native, 2200) ?? '') as AlertMessage;
    expect(id).toBe(noticeOf(long).id);
    expect(less.credential).toBe(long.credential);
    expect(less.summary.length).toBeLessThan(600);
    for (const action of less.actions) expect(['kubectl delete', command]).toContain(action.command);
  });

  it('is valid still', () => {
    fc.assert(
      fc.property(arbitraryNotice, fc.nat(5), (notice, items) => {
        NoticeMessage.parse(JSON.parse(native.alert(withFewer(notice, items))));
      }),
    );
  });

  it('of a summary has fewer alerts', () => {
    expect(withFewer(summary, 0)).toMatchObject({ alerts: [], rules: [], total: 41 });
  });
});
