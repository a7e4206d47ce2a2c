/** One request that two servers log is one; anything else under its Audit-ID is another. */
import { describe, expect, it } from 'vitest';
import { Forwarded } from '../../shared/detection/forwarded.ts';
import type { TokenUse } from '../../shared/schema/observation.ts';
import { at, denied, OUTSIDE, PODS, use } from './world.ts';

const API_SERVER = '10.10.0.1';
const { address } = PODS['cart-1'];

/** As the API server tells it: received at 10 s, answered a second later. */
const outer: TokenUse = { ...use(10, 'cart-1', { auditID: 'one' }), seen: at(11) };
const inner = (changes: Parameters<typeof use>[2] = {}, seconds = 10.1): TokenUse =>
  use(seconds, 'cart-1', { auditID: 'one', from: API_SERVER, claimed: [address], ...changes });

const fromControlPlane = ({ source }: TokenUse): boolean => source.address === API_SERVER;

describe('a request that was forwarded', () => {
  it('is known at once if the other log told of it before', () => {
    const forwarded = new Forwarded(fromControlPlane);
    expect(forwarded.meet(outer)).toBe('judge');
    expect(forwarded.meet(inner())).toBe('forwarded');
  });

  it('is waited for otherwise', () => {
    const forwarded = new Forwarded(fromControlPlane);
    const twin = inner();
    expect(forwarded.meet(twin)).toBe('wait');
    expect(forwarded.release(at(11))).toEqual({ forwarded: [], due: [] });
    expect(forwarded.meet(outer)).toBe('judge');
    expect(forwarded.release(at(11.3))).toEqual({ forwarded: [twin], due: [] });
  });

  it.each<[string, TokenUse]>([
    ['with another Audit-ID', inner({ auditID: 'two' })],
    ['with another credential', inner({ credential: { id: 'JTI=other', kind: 'projected' } })],
    ['for something else', inner({ request: { uri: '/api/v1/secrets' } })],
    ['with another verb', inner({ request: { verb: 'delete' } })],
    ['that does not name the address', inner({ claimed: [OUTSIDE] })],
    ['that names another behind it', inner({ claimed: [address, OUTSIDE] })],
    ['that does not come from the control plane', inner({ from: OUTSIDE })],
    ['received before it', inner({}, 9.9)],
    ['received after its answer', inner({}, 11.1)],
  ])('is none %s', (_, other) => {
    const forwarded = new Forwarded(fromControlPlane);
    forwarded.meet(outer);
    expect(forwarded.meet(other)).toBe('wait');
    expect(forwarded.release(other.seen + 3_000_000)).toEqual({ forwarded: [], due: [other] });
  });
});

describe('what waits', () => {
  it('is bounded: the oldest is given back', () => {
    const forwarded = new Forwarded(fromControlPlane);
    const many = Array.from({ length: 5_003 }, (_, i) => inner({ auditID: `id-${i}` }));
    for (const each of many) forwarded.meet(each);
    expect(forwarded.release(at(10.2)).due).toEqual(many.slice(0, 3));
  });

  it('keeps a refusal from the same source behind it, and no other', () => {
    const forwarded = new Forwarded(fromControlPlane);
    const first = inner({ from: OUTSIDE });
    const second = denied(10.5, OUTSIDE);
    expect([first, second, denied(10.6, '10.10.0.67')].map((each) => forwarded.meet(each))).toEqual([
      'wait',
      'wait',
      'judge',
    ]);
    expect(forwarded.release(at(20)).due).toEqual([first, second]);
  });
});
