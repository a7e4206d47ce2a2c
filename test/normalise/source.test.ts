import { describe, expect, it } from 'vitest';
import { readSource } from '../../shared/normalise/source.ts';

const nobody = () => false;
const proxies =
  (...addresses: string[]) =>
  (address: string) =>
    addresses.includes(address);

describe('where a request came from', () => {
  it.each([
    ['the peer alone', ['10.244.0.3'], '10.244.0.3', []],
    ['what the client states is kept apart', ['10.244.0.3', '10.10.0.66'], '10.10.0.66', ['10.244.0.3']],
    ['leftmost first', ['1.1.1.1', '2.2.2.2', '10.10.0.66'], '10.10.0.66', ['1.1.1.1', '2.2.2.2']],
    ['IPv6 in any spelling', ['FD00:0:0::1', '[fd00::0002]'], 'fd00::2', ['fd00::1']],
    ['IPv4 written as IPv6', ['::ffff:10.0.0.7', '::ffff:a0a:42'], '10.10.0.66', ['10.0.0.7']],
    ['text instead of addresses', ['<script>', '010.0.0.1', '10.10.0.66'], '10.10.0.66', ['<script>', '010.0.0.1']],
    ['a peer that is none', ['10.244.0.3', '@'], null, ['10.244.0.3']],
    ['nothing', [], null, []],
    ['an empty text', [''], null, []],
  ])('%s', (_, sourceIPs, address, claimed) => {
    expect(readSource(sourceIPs, nobody)).toEqual({ address, claimed, claimedTotal: claimed.length });
  });

  it('bounds what the client states, and says how much it was', () => {
    const stated = Array.from({ length: 300 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
    const source = readSource([...stated, '10.10.0.66'], nobody);
    expect(source).toEqual({ address: '10.10.0.66', claimed: stated.slice(0, 16), claimedTotal: 300 });
    expect(readSource(['x'.repeat(5000), '10.10.0.66'], nobody).claimed).toEqual(['x'.repeat(64)]);
  });

  it.each([
    ["a proxy's word is taken", ['10.244.0.3', '10.0.0.1'], '10.244.0.3', 0],
    ['of several in a row too', ['10.244.0.3', '10.0.0.2', '10.0.0.1'], '10.244.0.3', 0],
    ['but not what the client told the proxy', ['1.1.1.1', '10.244.0.3', '10.0.0.1'], '10.244.0.3', 1],
    ['a proxy behind somebody else is the word of that one', ['10.244.0.3', '10.0.0.1', '10.10.0.66'], '10.10.0.66', 2],
    ['a proxy that named nobody', ['10.0.0.1'], '10.0.0.1', 0],
    ['a proxy that passed on garbage', ['unknown', '10.0.0.1'], null, 0],
    ['in another spelling', ['10.244.0.3', '::ffff:10.0.0.1'], '10.244.0.3', 0],
    ['of IPv6', ['10.244.0.3', 'FD00::0:1'], '10.244.0.3', 0],
  ])('trusted proxies: %s', (_, sourceIPs, address, claimedTotal) => {
    const source = readSource(sourceIPs, proxies('10.0.0.1', '10.0.0.2', 'fd00::1'));
    expect(source).toMatchObject({ address, claimedTotal });
    expect(source.claimed).toHaveLength(claimedTotal);
  });
});
