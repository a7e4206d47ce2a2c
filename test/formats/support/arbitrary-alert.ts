/** Alerts whose every text somebody with bad intentions has chosen. Times are times: they are Truant's own. */
import fc from 'fast-check';
import { Alert } from '../../../shared/schema/alert.ts';
import { formatTime } from '../../../shared/time.ts';
import { arbitraryOf } from '../../collector/support/arbitrary-of.ts';

const HOSTILE = [
  '',
  ' ',
  '\u0000',
  '\r\n',
  'a\nCEF:0|x|y|1|2|3|10|act=forged',
  'a|b\\|c=d\\=e\\',
  '"quoted" and \'quoted\' \\"',
  '\u2028\u2029\u0085',
  '\ud800',
  '\udc00x\ud83d',
  'snap\u{1f4a5}\u{e0041}',
  '\u202egnp.exe\u202c',
  'שלום مرحبا',
  '\u200b\ufeff\u00ad',
  '<!channel> <@U123> <https://evil.example|ok> &amp; <script>',
  '*bold* _it_ ~no~ `code` [link](https://evil.example) ![](x) # head\n> quote',
  '<at>everyone</at> {{DATE(2030-01-01T00:00:00Z)}} ${x}',
  '__proto__',
  '{"a":1}',
  '203.0.113.9',
  'fd00::1',
  '::ffff:10.0.0.1',
  '999.0.0.1',
  'é'.repeat(4000),
  '\u{1f4a5}|=\\\n'.repeat(800),
];

/** Of any length up to `max`, mostly short. */
export const hostileText = (max = 4000): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HOSTILE).map((text) => text.slice(0, max)) },
    { weight: 2, arbitrary: fc.string({ maxLength: Math.min(max, 30), unit: 'binary' }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: Math.min(max, 30) }).map(ofUnits),
    },
  );

/** Code units as they come: surrogates stand alone. */
const ofUnits = (units: number[]) => String.fromCharCode(...units);

export const time = fc.integer({ min: 0, max: 9_000_000_000_000_000 }).map(formatTime);

const times = fc.record({ firstSeen: time, lastSeen: time, createdAt: time, updatedAt: time });
const evidenceTimes = fc.array(time, { minLength: 3, maxLength: 3 });

export const arbitraryAlert: fc.Arbitrary<Alert> = fc
  .record({ alert: arbitraryOf(Alert, (max) => hostileText(max)), times, evidenceTimes, expires: time, at: time })
  .map(({ alert, times, evidenceTimes, expires, at }) => ({
    ...alert,
    ...times,
    ...(alert.expiresAt === undefined ? {} : { expiresAt: expires }),
    ...(alert.resolution === undefined ? {} : { resolution: { ...alert.resolution, at } }),
    evidence: alert.evidence.map((one, n) => ({ ...one, time: evidenceTimes[n] ?? times.firstSeen })),
  }));
