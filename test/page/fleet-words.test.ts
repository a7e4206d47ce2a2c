import { describe, expect, it } from 'vitest';
import { AgentHealth } from '../../collector/query/schemas/fleet.ts';
import { bytesText, HEALTHS, inWords, sourceName, worstFirst } from '../../collector/web/page/views/fleet/advice.ts';
import { alike } from '../../collector/web/page/views/fleet/alike.ts';
import { worstFirst as rulesInOrder } from '../../collector/web/page/views/rules/order.ts';
import { SOURCES } from '../../shared/schema/observation.ts';

describe('blind spots in words', () => {
  it('say what is not seen and what to do', () => {
    expect(inWords({ source: 'token-opens', reason: 'not-permitted', status: 'blind' })).toEqual({
      means: 'Who opens token files on the node is not seen',
      todo: 'Give the agent CAP_SYS_ADMIN in the initial user namespace: fanotify asks for it.',
    });
  });

  it.each(['something-new', 'constructor', '__proto__', ''])(
    'of a reason that is not known (%s) go by the status',
    (reason) => {
      const { means } = inWords({ source: 'later', reason, status: 'gap' });
      expect(means).toContain('lost');
    },
  );

  it('name every source of an agent', () => {
    for (const source of SOURCES) expect(sourceName(source)).toMatch(/^[a-z ]+$/);
    expect(sourceName('toString')).toBe('toString');
  });

  it('are one where the reason is one, the worst first, then the most frequent', () => {
    const spot = (reason: string, status: 'gap' | 'blind' | 'leak') => ({ source: 's', reason, status });
    const groups = alike([
      spot('a', 'gap'),
      spot('b', 'blind'),
      spot('c', 'blind'),
      spot('c', 'blind'),
      spot('d', 'leak'),
    ]);
    expect(groups.map(({ reason, spots }) => [reason, spots.length])).toEqual([
      ['d', 1],
      ['c', 2],
      ['b', 1],
      ['a', 1],
    ]);
  });
});

describe('agents', () => {
  it('have each health that the API has', () => {
    expect([...HEALTHS].sort()).toEqual([...AgentHealth.options].sort());
  });

  it('come worst first, then by name', () => {
    const agents = [
      { health: 'ok', cluster: 'a', agent: 'n1' },
      { health: 'blind', cluster: 'b', agent: 'n2' },
      { health: 'blind', cluster: 'a', agent: 'n3' },
      { health: 'silent', cluster: 'z', agent: 'n4' },
    ] as const;
    expect([...agents].sort(worstFirst).map(({ agent }) => agent)).toEqual(['n4', 'n3', 'n2', 'n1']);
  });
});

describe('rules', () => {
  it('with open alerts come first, then the most severe', () => {
    const rules = [
      { severity: 'low', open: 0, title: 'a' },
      { severity: 'critical', open: 0, title: 'b' },
      { severity: 'low', open: 2, title: 'c' },
      { severity: 'high', open: 1, title: 'd' },
    ] as const;
    expect([...rules].sort(rulesInOrder).map(({ title }) => title)).toEqual(['d', 'c', 'b', 'a']);
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [5_000_000, '4.8 MiB'],
    [50_000_000_000, '47 GiB'],
  ])('%d', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
