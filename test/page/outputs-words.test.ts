import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isTroubled } from '../../collector/web/page/api/outputs.ts';
import {
  EXAMPLE,
  STATE_WORDS,
  stateOf,
  wantsText,
  whyNoReplay,
  worstFirst,
} from '../../collector/web/page/views/outputs/words.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { outputStatus, retrying } from '../collector/support/outputs.ts';

const gone = outputStatus('gone', { type: null, state: 'off', deadLetters: 1 });
const off = outputStatus('off', { state: 'off' });

describe('outputs', () => {
  it.each([
    ['well', outputStatus('a'), false],
    ['retrying', retrying('a'), true],
    ['off', off, false],
    ['not configured', gone, true],
    ['well', outputStatus('a', { deadLetters: 1 }), true],
  ])('that are %s are said to be', (words, output, troubled) => {
    expect(STATE_WORDS[stateOf(output)]).toBe(words);
    expect(isTroubled(output)).toBe(troubled);
  });

  it('come worst first, then by name', () => {
    const outputs = [
      outputStatus('b'),
      outputStatus('a'),
      outputStatus('d', { deadLetters: 2 }),
      gone,
      retrying('z', { deadLetters: 1 }),
    ];
    expect(outputs.toSorted(worstFirst).map(({ name }) => name)).toEqual(['z', 'd', 'gone', 'a', 'b']);
  });

  it.each([
    [{}, 'every alert'],
    [{ minSeverity: 'high' as const }, 'alerts of severity high and more'],
    [{ on: ['create', 'close'] as ('create' | 'close')[] }, 'every alert, on create and close'],
  ])('%j want', (parts, words) => {
    expect(wantsText(outputStatus('a', parts))).toBe(words);
  });

  it.each([
    [outputStatus('a'), undefined],
    [retrying('a'), undefined],
    [off, 'The output is off.'],
    [gone, 'The output is not configured any more.'],
    [undefined, 'The output is not configured any more.'],
  ])('take dead letters again, or say why not: %j', (output, why) => {
    expect(whyNoReplay(output)).toBe(why);
  });

  it('are configured as the example says', () => {
    const { outputs } = parseConfig(parse(EXAMPLE)).collector;
    expect(Object.keys(outputs)).toEqual(['siem', 'chat']);
    expect(outputs['siem']).toMatchObject({ minSeverity: 'medium', syslog: { address: 'siem.example:6514' } });
  });
});
