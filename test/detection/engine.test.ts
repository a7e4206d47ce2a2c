import { describe, expect, test } from 'vitest';
import { Engine } from '../../shared/detection/engine.ts';
import { Memory } from '../../shared/detection/memory.ts';
import { defaultPolicy } from '../../shared/detection/policy.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { use } from '../collector/support/make.ts';

const [rule] = rules;
if (!rule) throw new Error('there are no rules');
const statement = { confidence: 'low', confidenceWhy: 'w', summary: 's' } as const;
const sound = { ...rule, id: 'sound', scope: 'node', observes: ['use'], evaluate: () => statement } as const;
const broken = {
  ...sound,
  id: 'broken',
  evaluate: () => {
    throw new Error('of undefined');
  },
} as const;
const facts = { placement: undefined, entry: undefined, memory: new Memory(), policy: defaultPolicy };

describe('a rule that throws', () => {
  test('is told of by its name, and does not keep the others from being asked', () => {
    const told: [string, unknown][] = [];
    const engine = new Engine([broken, sound], ['node'], defaultPolicy, (...defect) => told.push(defect));
    expect(engine.evaluate(use(0), facts).map((finding) => finding.rule)).toEqual(['sound']);
    expect(told).toEqual([['broken', expect.objectContaining({ message: 'of undefined' })]]);
  });

  test('is not passed over where nobody wants to be told', () => {
    expect(() => new Engine([broken, sound], ['node'], defaultPolicy).evaluate(use(0), facts)).toThrow('of undefined');
  });
});
