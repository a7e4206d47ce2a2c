/** Over HTTP: agent and collector killed time and again while a log is written; in the end each request is stored once. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, test } from 'vitest';
import { freePort } from '../support/listening.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { MadeLog } from './made-log.ts';
import { KILLS, TOTAL } from './size.ts';

describe(`${TOTAL} observations over HTTP`, () => {
  let fleet: Fleet;

  afterEach(() => fleet.dispose());

  test(`agent and collector killed ${KILLS} times each: everything is stored once, every theft is one alert`, async () => {
    const log = new MadeLog(TOTAL);
    fleet = await Fleet.create({ port: await freePort(), log });
    fleet.start('collector');
    fleet.start('agent');
    for (let round = 1; round <= KILLS; round += 1) {
      if (round % 7 === 0) await fleet.rotate();
      await fleet.write(Math.ceil((TOTAL * round) / KILLS));
      for (const role of round % 2 === 0 ? (['agent', 'collector'] as const) : (['collector', 'agent'] as const)) {
        // At any moment of its work, and of its start: what must hold doesn't depend on which.
        await sleep(Math.random() * 1500);
        await fleet.kill(role);
        fleet.start(role);
      }
    }
    await fleet.hasStored(TOTAL);
    await fleet.hasDecided();
    await fleet.stop('agent');
    await fleet.stop('collector');
    await expectExactly(join(fleet.folder, 'store', 'truant.duckdb'), log);
  }, 900_000);
});
