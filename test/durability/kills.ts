/** A log that is written while whoever has to do with it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import type { MadeLog } from './made-log.ts';

/** How much is put through: continuous integration asks for all of it, `npm test` for what takes a moment. */
export const TOTAL = Number(process.env['TRUANT_TEST_OBSERVATIONS'] ?? 20_000);
/** How often each process is killed meanwhile. */
export const KILLS = Number(process.env['TRUANT_TEST_KILLS'] ?? 5);

/** Besides agent and collector. */
export interface Victim {
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Each is killed and started again once a round, at any moment of its work or of its start. */
export async function writeAndKill(fleet: Fleet, log: MadeLog, others: readonly Victim[] = []): Promise<void> {
  const victims: Victim[] = [
    ...(['collector', 'agent'] as const).map((role) => ({
      kill: () => fleet.kill(role),
      start: async () => fleet.start(role),
    })),
    ...others,
  ];
  for (let round = 1; round <= KILLS; round += 1) {
    if (round % 7 === 0) await fleet.rotate();
    await fleet.write(Math.ceil((log.total * round) / KILLS));
    for (const [turn] of victims.entries()) {
      await sleep(Math.random() * 1500);
      const victim = victims[(round + turn) % victims.length];
      await victim?.kill();
      await victim?.start();
    }
  }
}
