import type { Rule } from '../rule.ts';
import { rules } from './index.ts';

export const rulesById: ReadonlyMap<string, Rule> = new Map(rules.map((rule) => [rule.id, rule]));
