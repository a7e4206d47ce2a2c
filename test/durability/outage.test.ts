/** A collector that is away for long, and clocks that jump: nothing is lost, nothing doubled. */
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Agent, createAgent } from '../../agent/topology.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { DAY, wallClock } from '../../shared/time.ts';
import { silent } from '../collector/support/doubles.ts';
import { freePort, freePorts } from '../support/free-ports.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { MadeLog } from './made-log.ts';

const PATIENCE = { timeout: 120_000, interval: 100 };

let fleet: Fleet;
afterEach(() => fleet.dispose());

const expectStored = async (log: MadeLog): Promise<void> => {
  await fleet.hasStored(log.total);
  await fleet.hasDecided();
  await fleet.stop('collector');
  await expectExactly(join(fleet.folder, 'store', 'truant.duckdb'), log);
};

describe('a collector that is away for long', () => {
  const log = new MadeLog(40_000);
  const SPOOL = { maxMegabytes: 16 };

  test('the spool fills up, the log waits for it and rotates meanwhile, the agent is killed, and all of it arrives', async () => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const agent = { spool: SPOOL, metrics: { listen: { port: metricsPort } } };
    fleet = await Fleet.create({ port, log, agent });
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
    };
    fleet.start('agent');
    let full = 0;
    for (const share of [0.3, 0.5, 0.7, 1]) {
      await fleet.write(log.total * share);
      if (share < 0.5) continue;
      // Full, while the log has far more.
      full = await vi.waitFor(async () => {
        expect(await metric('truant_spool_bytes')).toBeGreaterThan(SPOOL.maxMegabytes * 0.9 * 1e6);
        return metric('truant_spool_records');
      }, PATIENCE);
      await fleet.rotate();
      await fleet.kill('agent');
      fleet.start('agent');
      await vi.waitFor(async () => expect(await metric('truant_spool_records')).toBeGreaterThanOrEqual(full), PATIENCE);
    }
    expect(full).toBeLessThan(log.total / 2);
    fleet.start('collector');
    await fleet.hasStored(log.total);
    await fleet.stop('agent');
    await expectStored(log);
  }, 300_000);
});

describe('clocks', () => {
  test('an agent whose clock jumps a day ahead and back delivers everything once', async () => {
    const log = new MadeLog(6000);
    fleet = await Fleet.create({ port: await freePort(), log });
    fleet.start('collector');
    let ahead = 0;
    const clock = { now: () => wallClock.now() + ahead };
    const run = async (): Promise<Agent> => {
      const config = await loadConfig(join(fleet.folder, 'truant.yaml'), {});
      const agent = await createAgent(config, { logger: silent, registry: new Registry(), clock });
      for (const component of agent.components) await component.start();
      return agent;
    };
    const stop = async ({ components }: Agent): Promise<void> => {
      for (const component of components.toReversed()) await component.stop();
    };
    let agent = await run();
    for (const [round, jump] of [DAY / 2, -DAY, 0, DAY, -DAY / 2].entries()) {
      await fleet.write((round + 0.5) * 1200);
      ahead += jump;
      await fleet.write((round + 1) * 1200);
      // With one clock or the other, what was written is read by an agent of now or by the next.
      if (round % 2 === 1) {
        await stop(agent);
        agent = await run();
      }
      await fleet.hasStored((round + 1) * 1200);
    }
    await stop(agent);
    await expectStored(log);
  }, 120_000);
});
