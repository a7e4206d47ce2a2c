import { describe, expect, it } from 'vitest';
import { Rhythm } from '../../shared/detection/continuity.ts';
import { at } from './world.ts';

/** A pod that was seen at its own address at these seconds, and at the suspect one at those. */
function rhythm(own: number[], suspect: number[] = []): Rhythm {
  const made = new Rhythm();
  for (const seconds of own) made.addOwn(at(seconds));
  for (const seconds of suspect) made.addSuspect(at(seconds));
  return made;
}

const everyTwo = (from: number, to: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / 2) }, (_, i) => from + 2 * i);

describe('whether a pod went on across a moment', () => {
  it.each([
    ['it went on as usual', everyTwo(0, 40), [], 21, 40, 'continuing'],
    ['a little late', [...everyTwo(0, 20), 21.2, 24], [], 20, 40, 'continuing'],
    ['it stopped and never came back', everyTwo(0, 20), [], 21, 40, 'interrupted'],
    ['it stopped for long', [...everyTwo(0, 20), ...everyTwo(30, 40)], [], 21, 40, 'interrupted'],
    ['it is too early to tell', everyTwo(0, 20), [], 19, 20, 'pending'],
    ['it was hardly ever seen', [0, 2, 4], [], 5, 40, 'unknown'],
    ['it was never seen', [], [], 5, 40, 'unknown'],
    ['the moment is before all', everyTwo(10, 40), [], 5, 40, 'unknown'],
    [
      'pauses in which it was seen elsewhere are no measure',
      [0, 2, 4, 14, 16, 18],
      [6, 8, 10, 12],
      19,
      30,
      'interrupted',
    ],
    ['... and usual pauses are', [0, 2, 4, 14, 16, 18], [], 19, 30, 'pending'],
  ])('%s', (_, own, suspect, t, now, answer) => {
    expect(rhythm(own, suspect).at(at(t), at(now))).toBe(answer);
  });

  it('the order in which they come does not matter', () => {
    const forwards = rhythm(everyTwo(0, 40));
    const backwards = rhythm(everyTwo(0, 40).toReversed());
    for (const t of [5, 15.5, 21, 37]) {
      expect(backwards.at(at(t), at(40))).toBe(forwards.at(at(t), at(40)));
    }
  });

  it('what repeats within a moment pushes nothing out', () => {
    const own = everyTwo(0, 40);
    for (let i = 0; i < 2000; i += 1) own.push(38 + i * 1e-4);
    expect(rhythm(own).at(at(3), at(40))).toBe('unknown');
    expect(rhythm(own).at(at(21), at(40))).toBe('continuing');
  });

  it('keeps the newest of very many', () => {
    const made = rhythm(everyTwo(0, 10_000));
    expect(made.at(at(9_901), at(10_000))).toBe('continuing');
    expect(made.at(at(101), at(10_000))).toBe('unknown');
  });
});

describe('whether it was seen at the suspect address in that pause', () => {
  it.each([
    ['in the pause', [12], 11, 40, true],
    ['in another pause', [6], 11, 40, false],
    ['never', [], 11, 40, false],
    ['after it stopped for good', [25], 22, 40, true],
  ])('%s', (_, suspect, t, now, answer) => {
    expect(rhythm([0, 2, 4, 8, 10, 14, 16, 18, 20], suspect).suspectAround(at(t), at(now))).toBe(answer);
  });
});
