import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fleetOf } from '../../collector/query/fleet.ts';
import { FleetAnswer, RulesAnswer } from '../../collector/query/schemas/fleet.ts';
import type { StreamState } from '../../collector/store/store.ts';
import { rules } from '../../shared/detection/rules/index.ts';
import { MINUTE, SECOND } from '../../shared/time.ts';
import { VERSION } from '../../shared/version.ts';
import { heartbeat, START, status, use } from './support/make.ts';
import { batch, type Running, runCollector } from './support/running.ts';

const stream = (name: string, parts: Partial<StreamState> = {}): StreamState => ({
  stream: `demo/node-a/${name}`,
  cluster: 'demo',
  agent: 'node-a',
  position: 0,
  accepted: 0,
  rejected: 0,
  missing: 0,
  firstSeen: START,
  lastSeen: START,
  newest: null,
  ...parts,
});

describe('the fleet', () => {
  test('is nobody at first', () => {
    expect(fleetOf({ agents: [], streams: [], blindSpots: [] }, START)).toEqual({
      time: START,
      version: VERSION,
      agents: [],
      blindSpots: [],
    });
  });

  test('has what an agent said, all its streams, and what it can not see together', () => {
    const said = heartbeat(0, { lag: 3 * SECOND, waiting: { records: 2, bytes: 900 } });
    const blind = {
      cluster: 'demo',
      source: 'audit-file',
      status: 'leak',
      reason: 'r',
      detail: 'd',
      time: START,
    } as const;
    const spots = [
      { ...blind, node: 'node-a' },
      { ...blind, node: null },
      { ...blind, node: 'node-z' },
    ];
    const answer = fleetOf(
      {
        agents: [{ cluster: 'demo', agent: 'node-a', heardAt: START + 5, heartbeat: said }],
        streams: [
          stream('old', { accepted: 10, missing: 1, newest: START + 7, firstSeen: START - MINUTE }),
          stream('new', { accepted: 5, rejected: 2, newest: START + 3, lastSeen: START + 9 }),
          stream('s', { agent: 'node-b', lastSeen: START - 10 * MINUTE }),
          stream('s', { cluster: 'b' }),
        ],
        blindSpots: spots,
      },
      START + 10,
    );
    expect(FleetAnswer.parse(answer)).toEqual(answer);
    expect(answer.agents.map(({ cluster, agent, health }) => [cluster, agent, health])).toEqual([
      ['b', 'node-a', 'ok'],
      ['demo', 'node-a', 'ok'],
      ['demo', 'node-b', 'silent'],
    ]);
    expect(answer.agents[1]).toEqual({
      cluster: 'demo',
      agent: 'node-a',
      health: 'ok',
      because: null,
      version: '0.1.0',
      startedAt: START,
      firstSeen: START - MINUTE,
      lastSeen: START + 9,
      newest: START + 7,
      lag: 3 * SECOND,
      waiting: { records: 2, bytes: 900 },
      parts: [],
      accepted: 15,
      rejected: 2,
      missing: 1,
      blindSpots: [spots[0]],
    });
    expect(answer.agents[2]).toMatchObject({ version: null, startedAt: null, lag: null, waiting: null, newest: null });
    expect(answer.blindSpots).toEqual([spots[1], spots[2]]);
  });
});

describe('over HTTP', () => {
  let running: Running;
  beforeAll(async () => {
    running = await runCollector();
  });
  afterAll(() => running.stop());

  test('an agent that is idle is known by its heartbeats, and what it can not see is told in words', async () => {
    const parts = [{ name: '<img onerror>', state: 'degraded', detail: '\u202e"' }];
    await running.post(batch(0, [heartbeat(0, { parts })]));
    const [agent, ...others] = FleetAnswer.parse(await running.json('/api/v1/fleet')).agents;
    expect(others).toEqual([]);
    expect(agent).toMatchObject({ agent: 'node-a', health: 'ok', version: '0.1.0', parts, accepted: 0 });
    await running.post(batch(1, [status(1)]));
    const { agents, blindSpots } = FleetAnswer.parse(await running.json('/api/v1/fleet'));
    expect(agents).toMatchObject([{ health: 'blind', because: expect.stringContaining('the audit log') }]);
    expect(blindSpots).toEqual([]);
  });

  test('the rules are told with how many alerts there are of each', async () => {
    const before = RulesAnswer.parse(await running.json('/api/v1/rules'));
    expect(before.items.map(({ id }) => id)).toEqual(rules.map(({ id }) => id).toSorted());
    expect(before.items.every(({ open, alerts }) => open === 0 && alerts === 0)).toBe(true);
    await running.post(batch(2, [use(2, { source: '203.0.113.9' })]));
    const { items } = RulesAnswer.parse(await running.json('/api/v1/rules'));
    expect(items.filter(({ alerts }) => alerts > 0)).toMatchObject([
      { id: 'token-used-away-from-pod', open: 1, alerts: 1, attack: [{ id: 'T1528' }, {}] },
    ]);
  });
});
