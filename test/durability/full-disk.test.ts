/** A disk that is full under the agent, then under the store: what can't be written waits, and nothing is lost or doubled. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { NEEDS_MOUNT, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { MadeLog } from './made-log.ts';

const SIZE = 64 * 1024 * 1024;
const PATIENCE = { timeout: 60_000, interval: 100 };
const probe = smallDisk(SIZE);
probe?.dispose();

describe.skipIf(!probe)(`a full disk${probe ? '' : NEEDS_MOUNT}`, () => {
  const log = new MadeLog(9000);
  let disk: SmallDisk;
  let fleet: Fleet;
  let metricsPort: number;

  beforeEach(() => {
    disk = smallDisk(SIZE) as SmallDisk;
  });
  afterEach(async () => {
    await fleet.dispose();
    disk.dispose();
  });

  async function started(agent: object, collector: object): Promise<void> {
    const [port = 0, metrics = 0] = await freePorts(2);
    metricsPort = metrics;
    fleet = await Fleet.create({
      port,
      log,
      agent: { metrics: { listen: { port: metricsPort } }, ...agent },
      collector,
    });
    fleet.start('collector');
    fleet.start('agent');
    await fleet.write(log.total / 3);
    await fleet.hasStored(log.total / 3);
  }
  const agentSays = (what: RegExp) =>
    vi.waitFor(async () => {
      const health = await (await fetch(`http://127.0.0.1:${metricsPort}/healthz`)).text();
      expect(health).toMatch(what);
    }, PATIENCE);
  async function expectAll(store: string): Promise<void> {
    await fleet.hasStored(log.total);
    await fleet.hasDecided();
    await fleet.stop('agent');
    await fleet.stop('collector');
    await expectExactly(store, log);
  }

  test("under the agent's spool", async () => {
    await started({ stateDir: join(disk.folder, 'agent') }, {});
    disk.fill();
    await fleet.write(log.total);
    await agentSays(/"name":"spool","state":"degraded".+room on its disk/);
    disk.empty();
    await expectAll(join(fleet.folder, 'store', 'truant.duckdb'));
  }, 180_000);

  test("under the collector's store", async () => {
    const path = join(disk.folder, 'store', 'truant.duckdb');
    await started({}, { store: { path, retention: { days: 3650 } } });
    disk.fill();
    await fleet.write(log.total);
    await agentSays(/"name":"outbox","state":"degraded".+The collector does not take batches: 503/);
    disk.empty();
    // DuckDB may have given up for good by then, and say so: whoever looks after the collector starts it again.
    const status = await fleet.status();
    if (status.components.some(({ state }) => state === 'degraded')) {
      await fleet.kill('collector');
      fleet.start('collector');
    }
    await expectAll(path);
  }, 180_000);
});
