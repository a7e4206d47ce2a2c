/** Over HTTP through a bad network: whatever becomes of connections, each request is stored once. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import { expectExactly } from './exactly.ts';
import { Fleet } from './fleet.ts';
import { MadeLog } from './made-log.ts';
import { Proxy, type Weather } from './proxy.ts';

const TOTAL = 13_000;
const ROUNDS = 12;

describe('a bad network', () => {
  let fleet: Fleet;
  let proxy: Proxy;

  afterEach(async () => {
    await fleet.dispose();
    await proxy.close();
  });

  test.each<{ weather: Weather[]; name: string }>([
    { name: 'cut time and again', weather: ['cut', 'open'] },
    { name: 'that keeps back the answers', weather: ['deaf', 'open'] },
    { name: 'that is slow', weather: ['slow'] },
    { name: 'of all kinds', weather: ['slow', 'cut', 'deaf', 'open'] },
  ])(
    '$name loses nothing and doubles nothing',
    async ({ weather }) => {
      const log = new MadeLog(TOTAL);
      const port = await freePort();
      proxy = await Proxy.to(port);
      const agent = { collector: { url: `http://127.0.0.1:${proxy.port}` } };
      fleet = await Fleet.create({ port, log, agent });
      fleet.start('collector');
      fleet.start('agent');
      for (let round = 0; round < ROUNDS; round += 1) {
        proxy.set(weather[round % weather.length] as Weather);
        await fleet.write(((round + 1) * TOTAL) / (ROUNDS + 1));
        await sleep(Math.random() * 600);
      }
      // There is something left to be said, so that at least one answer is kept back.
      proxy.set(weather.includes('deaf') ? 'deaf' : 'open');
      await fleet.write(TOTAL);
      while (weather.includes('deaf') && proxy.swallowed === 0) await sleep(20);
      proxy.set('open');
      await fleet.hasStored(TOTAL);
      await fleet.hasDecided();
      await fleet.stop('agent');
      await fleet.stop('collector');
      await expectExactly(join(fleet.folder, 'store', 'truant.duckdb'), log);
      expect(proxy.swallowed > 0).toBe(weather.includes('deaf'));
    },
    120_000,
  );
});
