/** Hunting over a bare log: what nothing but the log itself can tell. */
import { describe, expect, it } from 'vitest';
import type { Observation, TokenUse } from '../../shared/schema/observation.ts';
import { run } from './run.ts';
import { type Changes, INTERNET, newInventory, OUTSIDE, type PodName, unbound, use as useOf } from './world.ts';

const inventory = newInventory('none');
const use = (seconds: number, name: PodName, changes: Changes = {}) => useOf(seconds, name, { inventory, ...changes });

const every = (step: number, from: number, to: number, name: PodName, changes: Changes = {}): TokenUse[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => use(from + step * i, name, changes));

const day = (from: number, to: number, names: PodName[] = ['cart-1', 'pay', 'idle', 'bot']): TokenUse[] =>
  names.flatMap((name) => every(3, from, to, name));

function verdicts(observations: readonly Observation[], judged: readonly TokenUse[]): string[] {
  const { placements } = run(observations);
  return [...new Set(judged.map(({ id }) => `${placements.get(id)?.verdict}/${placements.get(id)?.reason}`))];
}

describe('a pod in a bare log', () => {
  it('is at home where it steadily is, among its neighbours', () => {
    const later = every(3, 90, 120, 'cart-1');
    expect(verdicts([...day(0, 90), ...later], later)).toEqual(['home/learned-home']);
  });

  it('an attacker who is the only user of its token is not at home', () => {
    const thief = every(3, 0, 120, 'cart-1', { from: OUTSIDE });
    expect(verdicts([...day(0, 120, ['pay', 'idle', 'bot']), ...thief], thief)).toEqual(['unclear/no-inventory']);
  });

  it('an attacker who is the first user is not at home, and is told once the pod is known', () => {
    const thief = every(3, 0, 20, 'cart-1', { from: OUTSIDE });
    const later = [use(100, 'cart-1', { from: OUTSIDE })];
    const observations = [...thief, ...day(20, 200), ...later];
    expect(verdicts(observations, thief)).toEqual(['unclear/no-inventory']);
    expect(verdicts(observations, later)).toEqual(['away/not-learned-home']);
  });

  it('an attacker who is busier than the pod does not move its home', () => {
    const thief = every(0.5, 60, 120, 'cart-1', { from: OUTSIDE });
    const observations = [...day(0, 160), ...thief];
    expect(verdicts(observations, thief)).toEqual(['away/not-learned-home']);
    expect(
      verdicts(observations, observations.filter(({ source }) => source.address === '10.244.0.3').slice(15)),
    ).toEqual(['home/learned-home']);
  });

  it('a lonely pod has no neighbours to know its network by', () => {
    const alone = every(3, 0, 120, 'cart-1');
    expect(verdicts(alone, alone)).toEqual(['unclear/no-inventory']);
  });

  it('neighbours on another node say nothing', () => {
    const pods = [...every(3, 0, 120, 'cart-2', { from: '10.244.0.9' }), ...day(0, 120, ['cart-1', 'pay'])];
    const judged = pods.filter(({ binding }) => binding.pod?.name === 'cart-1');
    expect(verdicts(pods, judged)).toEqual(['unclear/no-inventory']);
  });

  it('an address that several use (a node, a gateway) is nobody’s home', () => {
    const pods = (['cart-1', 'pay', 'idle', 'bot'] as const).flatMap((name) =>
      every(3, 0, 120, name, { from: '10.10.0.11' }),
    );
    expect(verdicts(pods, pods)).toEqual(['unclear/no-inventory']);
  });

  it('a pod that moved is not a theft', () => {
    const moved = every(3, 93, 130, 'cart-1', { from: '10.244.0.77' });
    const observations = [...day(0, 90), ...day(90, 160, ['pay', 'idle', 'bot']), ...moved];
    expect(verdicts(observations, moved.slice(0, 1))).toEqual(['unclear/no-inventory']);
    expect(run(observations).alerts).toEqual([]);
  });

  it('what is found says how little it rests on', () => {
    const { alerts } = run([
      ...day(0, 200),
      use(100, 'cart-1', { from: OUTSIDE }),
      use(110, 'pay', { from: INTERNET }),
    ]);
    expect(alerts.map(({ severity, confidence, confidenceWhy }) => [severity, confidence, confidenceWhy])).toEqual([
      [
        'medium',
        'low',
        'There was no inventory; by the log alone: steadily used from 10.244.0.3, and at the same time from 10.10.0.66.',
      ],
      [
        'high',
        'medium',
        'There was no inventory; by the log alone: steadily used from 10.244.0.4, and at the same time from 198.51.100.66 (on the internet).',
      ],
    ]);
  });
});

describe('a token that is bound to nothing', () => {
  const steady = Array.from({ length: 60 }, (_, i) => unbound(i * 3, '10.30.0.1'));

  it('is at home where it is mostly used', () => {
    expect(verdicts(steady, steady.slice(30))).toEqual(['home/learned-home']);
  });

  it('is away at a new place while it goes on at the old', () => {
    const thief = unbound(121, OUTSIDE);
    expect(verdicts([...steady, thief], [thief])).toEqual(['away/not-learned-home']);
  });

  it('may have had two places from the beginning', () => {
    const second = [1, 31, 61, 121].map((seconds) => unbound(seconds, '10.30.0.2'));
    expect(verdicts([...steady, ...second], second)).toEqual(['unclear/issuer-unknown']);
  });

  it('may have moved', () => {
    const moved = [200, 203, 206].map((seconds) => unbound(seconds, '10.30.0.2'));
    expect(verdicts([...steady, ...moved], moved)).toEqual(['unclear/issuer-unknown']);
  });

  it('at a node may be any pod of it, masqueraded', () => {
    const onNode = unbound(121, '10.10.0.12');
    expect(verdicts([...steady, onNode], [onNode])).toEqual(['unclear/node-address-nat-or-host']);
  });
});
