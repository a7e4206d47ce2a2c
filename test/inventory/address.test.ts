import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalAddress,
  inCidrs,
  isLoopback,
  isPrivate,
  isPublic,
  parseCidr,
} from '../../shared/inventory/address.ts';

describe('canonicalAddress', () => {
  test.each([
    ['10.244.0.7', '10.244.0.7'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%eth0]', 'fe80::1'],
    ['[fd00:10::5]', 'fd00:10::5'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0A00:0001', '10.0.0.1'],
    ['0:0:0:0:0:ffff:a00:1', '10.0.0.1'],
    ['[::ffff:10.0.0.1%lo]', '10.0.0.1'],
    // IPv4-compatible is another address than the IPv4 one.
    ['::10.0.0.1', '::a00:1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each([
    '',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.1\n',
    '10.0.0',
    '10.0.0.1.2',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.00',
    '0x0a.0.0.1',
    '10.0.0.-1',
    '10..0.1',
    '.10.0.0.1',
    '167772161',
    '10.0.0.1:443',
    '[10.0.0.1]',
    '[::1]:443',
    '[::1',
    '::1]',
    '[]',
    ':',
    ':::',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    '::00001',
    '::g',
    '::0x1',
    '::ffff:010.0.0.1',
    '::ffff:1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%',
    '%eth0',
    '::1/128',
    'localhost',
    '٣.٣.٣.٣',
    '１.1.1.1',
    `::1%${'z'.repeat(500)}`,
  ])('%j is no address', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });

  /** Spells the same address in one of the many ways that there are. */
  const spelling = fc.record({
    upper: fc.boolean(),
    padded: fc.boolean(),
    compress: fc.integer({ min: 0, max: 7 }),
    dotted: fc.boolean(),
    zone: fc.constantFrom('', '%eth0', '%1'),
    bracketed: fc.boolean(),
  });
  const spell = (words: number[], how: typeof spelling extends fc.Arbitrary<infer S> ? S : never): string => {
    const hex = words.map((word) => word.toString(16).padStart(how.padded ? 4 : 1, '0'));
    if (how.dotted) {
      const [high, low] = words.slice(6) as [number, number];
      hex.splice(6, 2, `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
    }
    let end = how.compress;
    while (end < hex.length && words[end] === 0 && !(how.dotted && end >= 6)) end++;
    const text =
      end > how.compress ? `${hex.slice(0, how.compress).join(':')}::${hex.slice(end).join(':')}` : hex.join(':');
    const cased = (how.upper ? text.toUpperCase() : text) + how.zone;
    return how.bracketed ? `[${cased}]` : cased;
  };

  test('every spelling of an address is the same address', () => {
    fc.assert(
      fc.property(groups, spelling, spelling, (words, one, other) => {
        const canonical = canonicalAddress(spell(words, one));
        expect(canonical).toBeDefined();
        expect(canonicalAddress(spell(words, other))).toBe(canonical);
        expect(canonicalAddress(canonical as string)).toBe(canonical);
      }),
    );
  });

  test('IPv6 is written as WHATWG URLs write it', () => {
    fc.assert(
      fc.property(groups, (words) => {
        const text = words.map((word) => word.toString(16)).join(':');
        const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
        fc.pre(!mapped);
        expect(`[${canonicalAddress(text)}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  test('accepts exactly what the operating system accepts', () => {
    const alphabet = fc.constantFrom('0', '1', '9', 'a', 'F', 'g', ':', '::', '.', '25', '255', 'ffff', ' ', '0x', '-');
    const almost = fc.array(alphabet, { maxLength: 16 }).map((parts) => parts.join(''));
    const dotted = fc
      .array(fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom('00', '01', '')), { maxLength: 5 })
      .map((octets) => octets.join('.'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost, dotted, fc.ipV4(), fc.ipV6()), (text) => {
        fc.pre(!text.includes('%') && !text.startsWith('['));
        expect(canonicalAddress(text) !== undefined).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('networks', () => {
  test.each([
    ['10.244.1.9', '10.244.0.0/16', true],
    ['10.245.0.1', '10.244.0.0/16', false],
    ['10.244.0.130', '10.244.0.128/25', true],
    ['10.244.0.127', '10.244.0.128/25', false],
    ['192.168.1.1', '0.0.0.0/0', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.2', '10.0.0.1/32', false],
    ['255.255.255.255', '255.255.255.254/31', true],
    ['::ffff:10.244.1.9', '10.244.0.0/16', true],
    ['10.9.9.9', '::ffff:10.0.0.0/104', true],
    ['fd00:10:244:1::5', 'fd00:10:244::/48', true],
    ['fd00:10:245::5', 'fd00:10:244::/48', false],
    ['fd00:10:244:0:8000::', 'fd00:10:244::/65', false],
    ['::1', '0.0.0.0/0', false],
    ['10.0.0.1', '::/0', false],
    ['nonsense', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, network, expected) => {
    const cidr = parseCidr(network);
    expect(cidr).toBeDefined();
    expect(inCidrs(address, cidr ? [cidr] : [])).toBe(expected);
  });

  test.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'fd00::/129',
    '10.0/8',
    '::ffff:10.0.0.0/95',
  ])('%j is no network', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test('an address is in the networks that share its first bits, and in no other', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, base, bits) => {
        const binary = (text: string) =>
          text
            .split('.')
            .map((octet) => Number(octet).toString(2).padStart(8, '0'))
            .join('')
            .slice(0, bits);
        const cidr = parseCidr(`${base}/${bits}`);
        expect(inCidrs(address, cidr ? [cidr] : [])).toBe(binary(address) === binary(base));
      }),
    );
  });

  test.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['10.10.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['169.254.169.254', 'private'],
    ['0.0.0.0', 'private'],
    ['239.1.1.1', 'private'],
    ['fe80::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['::', 'private'],
    ['8.8.8.8', 'public'],
    ['203.0.113.9', 'public'],
    ['2606:4700::1111', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['::ffff:10.0.0.1', 'private'],
    ['nonsense', 'none'],
  ])('%s is %s', (address, kind) => {
    const kinds = { loopback: isLoopback(address), private: isPrivate(address), public: isPublic(address) };
    expect(Object.entries(kinds).filter(([, is]) => is)).toEqual(kind === 'none' ? [] : [[kind, true]]);
  });
});
