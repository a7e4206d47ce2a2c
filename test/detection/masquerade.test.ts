/** The hard class: uses from the address of the pod's own node. */
import { describe, expect, it } from 'vitest';
import type { Observation, TokenUse } from '../../shared/schema/observation.ts';
import { run } from './run.ts';
import { NODES, ordinary, type PodName, use } from './world.ts';

const NODE = NODES['node-a'] as string;
const ON_NODE: PodName[] = ['cart-1', 'pay', 'idle', 'bot'];

/** Verdicts on uses: `verdict/reason/confidence`, each once. */
function verdicts(observations: readonly Observation[], judged: readonly TokenUse[]): string[] {
  const { placements } = run(observations);
  const all = judged.map(({ id }) => {
    const placement = placements.get(id);
    return `${placement?.verdict}/${placement?.reason}/${placement?.confidence}`;
  });
  return [...new Set(all)];
}

const at = (name: PodName, from: string, ...seconds: number[]): TokenUse[] =>
  seconds.map((second) => use(second, name, { from }));

const every = (step: number, from: number, to: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + step * i);

const HOST = 'away/own-node-not-pod/high';
const HOST_BY_NEIGHBOURS = 'away/own-node-not-pod/medium';
const UNCLEAR = 'unclear/node-address-nat-or-host/low';

describe('a thief on the node', () => {
  it('is told while the pod goes on', () => {
    const thief = at('cart-1', NODE, 31, 33.3, 47);
    expect(verdicts([...ordinary(0, 90, 2), ...thief], thief)).toEqual([HOST]);
  });

  it('who harvests the tokens of all pods at once is told for each', () => {
    const thief = ON_NODE.flatMap((name, i) => at(name, NODE, 31 + i * 0.05, 33));
    expect(verdicts([...ordinary(0, 90, 2, ON_NODE), ...thief], thief)).toEqual([HOST]);
  });

  it('with the token of an idle pod is told by its neighbours', () => {
    const thief = at('idle', NODE, 31, 35);
    expect(verdicts([...ordinary(0, 90, 2, ['cart-1', 'pay']), ...thief], thief)).toEqual([HOST_BY_NEIGHBOURS]);
  });

  it('is told when the pod is slow, only later', () => {
    const thief = at('cart-1', NODE, 103);
    const slow = [...ordinary(0, 200, 20, ['cart-1']), ...ordinary(0, 200, 2, ['pay'])];
    expect(verdicts([...slow, ...thief], thief)).toEqual([HOST]);
  });

  it('who is there before any pod was seen cannot be told', () => {
    const thief = at('cart-1', NODE, 1, 2);
    expect(verdicts([...thief, ...ordinary(60, 90, 2)], thief)).toEqual([UNCLEAR]);
  });

  it('who comes once the pod has stopped cannot be told', () => {
    const thief = at('cart-1', NODE, 70);
    expect(verdicts([...ordinary(0, 60, 2), ...thief], thief)).toEqual([UNCLEAR]);
  });
});

describe('masquerading', () => {
  /** Switched on at 60: from then on all pods show their node's address, but for those named. */
  const switched = (but: PodName[] = []): { day: Observation[]; masqueraded: TokenUse[] } => {
    const masqueraded = ON_NODE.filter((name) => !but.includes(name)).flatMap((name, i) =>
      at(name, NODE, ...every(2, 60 + i / 10, 120)),
    );
    return { day: [...ordinary(0, 60, 2, ON_NODE), ...ordinary(60, 120, 2, but), ...masqueraded], masqueraded };
  };

  it('when it is switched on nobody is a thief', () => {
    const { day, masqueraded } = switched();
    expect(verdicts(day, masqueraded)).toEqual([UNCLEAR]);
  });

  it('a pod that keeps its connection keeps its address; the others cannot be told', () => {
    const { day, masqueraded } = switched(['bot']);
    expect(verdicts(day, masqueraded)).toEqual([UNCLEAR]);
  });

  it('nor can new connections of the pod that keeps one', () => {
    const { day } = switched(['bot']);
    const second = at('bot', NODE, 75, 90);
    expect(verdicts([...day, ...second], second)).toEqual([UNCLEAR]);
  });

  it('a watch that was opened before keeps its address, and proves nothing', () => {
    const { day, masqueraded } = switched();
    const watches = every(7, 61, 120).map((second) => use(second, 'cart-1', { request: { verb: 'watch' } }));
    expect(verdicts([...day, ...watches], masqueraded)).toEqual([UNCLEAR]);
  });

  it('a watch that is opened while it is on shows the node', () => {
    const { day } = switched();
    const watch = use(80, 'cart-1', { from: NODE, request: { verb: 'watch' } });
    expect(verdicts([...day, watch], [watch])).toEqual([UNCLEAR]);
  });

  it('when it is switched off, a thief on the node is told again', () => {
    const { day } = switched();
    const after = ordinary(120, 240, 2, ON_NODE);
    const thief = at('cart-1', NODE, 181);
    expect(verdicts([...day, ...after, ...thief], thief)).toEqual([HOST]);
  });

  it('a node that always masquerades has no pods that can be told from its host', () => {
    const all = ON_NODE.flatMap((name) => at(name, NODE, ...every(2, 0, 120)));
    expect(verdicts(all, all)).toEqual([UNCLEAR]);
  });

  it('on one node says nothing of another', () => {
    const { day } = switched();
    const thief = use(81, 'cart-2', { from: '10.10.0.12' });
    expect(verdicts([...day, ...ordinary(0, 120, 2, ['cart-2']), thief], [thief])).toEqual([HOST]);
  });
});

it('a hostNetwork pod is at home on its node, masqueraded or not', () => {
  const agent = at('agent', NODE, ...every(5, 0, 60));
  expect(verdicts([...ordinary(0, 60, 2), ...agent], agent)).toEqual(['home/node-of-host-network-pod/medium']);
});
