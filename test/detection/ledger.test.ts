import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../shared/inventory/ledger.ts';
import { compile } from '../support/compile.ts';
import { at, issue, legacy, OUTSIDE, unbound, use } from './world.ts';

describe('an entry of the ledger', () => {
  it('knows where it was used, how often, first and last, in whatever order it is told', () => {
    const ledger = new Ledger();
    for (const [seconds, from] of [
      [20, '10.244.0.3'],
      [10, '10.244.0.3'],
      [30, OUTSIDE],
    ] as const) {
      ledger.use(use(seconds, 'cart-1', { from }));
    }
    expect(ledger.get('JTI=cart-1')).toMatchObject({
      kind: 'projected',
      principal: 'system:serviceaccount:shop:cart',
      binding: { pod: { name: 'cart-1' } },
      issued: undefined,
      uses: 3,
      firstUse: at(10),
      lastUse: at(30),
      sources: new Map([
        ['10.244.0.3', { first: at(10), last: at(20), count: 2, away: false }],
        [OUTSIDE, { first: at(30), last: at(30), count: 1, away: false }],
      ]),
    });
  });

  it('joins its issue, whichever comes first, and is minted unless a kubelet had it issued', () => {
    const issued = issue(5, 'kubernetes-admin', 'ci', 'JTI=unbound');
    for (const order of [0, 1]) {
      const ledger = new Ledger();
      if (order === 0) ledger.issue(issued, false);
      ledger.use(use(10, 'cart-1', { credential: { id: 'JTI=unbound', kind: 'projected' } }));
      if (order === 1) ledger.issue(issued, false);
      expect(ledger.get('JTI=unbound')).toMatchObject({
        kind: 'minted',
        issued: { observation: issued.id, time: at(5), by: 'kubernetes-admin', address: '10.10.0.1' },
      });
    }
    const ledger = new Ledger();
    ledger.issue(issue(5, 'system:node:node-a', 'cart', 'JTI=x'), true);
    expect(ledger.get('JTI=x')).toMatchObject({ kind: 'projected', issued: { by: 'system:node:node-a' } });
    expect(ledger.issue(issue(6, 'bot', 'ci', undefined), false)).toBeUndefined();
    expect(ledger.size).toBe(1);
  });

  it('ends when its issue says, unless the API server makes that a year', () => {
    const ledger = new Ledger();
    const lives = (id: string, expirationSeconds: number) =>
      ledger.issue({ ...issue(0, 'kubernetes-admin', 'ci', id), expirationSeconds }, false)?.expiresAt;
    expect(lives('JTI=1', 600)).toBe(at(600));
    expect(lives('JTI=2', 3607)).toBeUndefined();
    for (const hostile of [1e300, -1, Number.NaN]) expect(lives(`JTI=${hostile}`, hostile)).toBeUndefined();
  });

  it.each([
    ['four places', 4, unbound],
    ['32 places of a legacy token', 32, legacy],
  ] as const)('remembers %s at most: those seen last', (_, most, useOf) => {
    const ledger = new Ledger();
    const uses = Array.from({ length: 100 }, (_, i) => useOf(i, `10.9.0.${i}`));
    for (const each of uses) ledger.use(each);
    const { sources } = ledger.get(uses[0]?.credential.id ?? '') ?? {};
    expect([...(sources?.keys() ?? [])]).toEqual(Array.from({ length: most }, (_, i) => `10.9.0.${100 - most + i}`));
  });

  it('remembers which places were wrong', () => {
    const ledger = new Ledger();
    ledger.use(unbound(1, OUTSIDE));
    const away = { observation: 'ab', time: at(3), where: 'outside-cluster' } as const;
    ledger.markAway('JTI=unbound', OUTSIDE, away);
    ledger.markAway('JTI=unbound', '1.2.3.4', away);
    ledger.markAway('JTI=nobody', OUTSIDE, away);
    ledger.use(unbound(2, OUTSIDE));
    expect([...(ledger.get('JTI=unbound')?.sources ?? [])]).toEqual([
      [OUTSIDE, { first: at(1), last: at(2), count: 2, away: true }],
    ]);
  });
});

it('the credentials untouched longest go first, counted', () => {
  const ledger = new Ledger(3);
  const touch = (id: string) => ledger.use(unbound(1, OUTSIDE, { credential: { id, kind: 'minted' } }));
  for (const id of ['a', 'b', 'c', 'a', 'd']) touch(id);
  expect(['a', 'b', 'c', 'd'].filter((id) => ledger.get(id))).toEqual(['a', 'c', 'd']);
  expect(ledger).toMatchObject({ size: 3, evicted: 1 });
});

it('200,000 credentials and 10,000 pods take less than 300 MB', () => {
  const { script, dispose } = compile('test/detection/support/ledger-memory.ts');
  try {
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { bytes, ...counts } = JSON.parse(stdout) as { bytes: number };
    expect(counts).toEqual({ size: 200_000, evicted: 50_000, pods: 10_000 });
    expect(bytes).toBeLessThan(300_000_000);
    // Less than a tenth of that would be no measurement.
    expect(bytes).toBeGreaterThan(30_000_000);
  } finally {
    dispose();
  }
}, 120_000);
