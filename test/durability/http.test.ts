/** Over HTTP: agent and collector killed time and again while a log is written; in the end each request is stored once. */
import { join } from 'node:path';
import { afterEach, describe, test } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { KILLS, TOTAL, writeAndKill } from './kills.ts';
import { MadeLog } from './made-log.ts';

describe(`${TOTAL} observations over HTTP`, () => {
  let fleet: Fleet;

  afterEach(() => fleet.dispose());

  test(`agent and collector killed ${KILLS} times each: everything is stored once, every theft is one alert`, async () => {
    const log = new MadeLog(TOTAL);
    fleet = await Fleet.create({ port: await freePort(), log });
    fleet.start('collector');
    fleet.start('agent');
    await writeAndKill(fleet, log);
    await fleet.hasStored(TOTAL);
    await fleet.hasDecided();
    await fleet.stop('agent');
    await fleet.stop('collector');
    await expectExactly(join(fleet.folder, 'store', 'truant.duckdb'), log);
  }, 900_000);
});
