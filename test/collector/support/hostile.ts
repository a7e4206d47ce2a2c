/** Envelopes that somebody with bad intentions may send. */
import fc from 'fast-check';
import { Envelope } from '../../../shared/schema/envelope.ts';
import { mutate, randomness } from '../../normalise/mutations.ts';
import { arbitraryOf } from './arbitrary-of.ts';
import { issue, read, status, tokenFile, use } from './make.ts';
import { batch } from './running.ts';

/** For ever, the same for the same seed: some as they should be, some that only fit the schema, most damaged. Four clusters. */
export function* hostileEnvelopes(seed: number): Generator<string, never> {
  const random = randomness(seed);
  const good = [use(1), use(2, { source: '203.0.113.9' }), issue(3), read(4), tokenFile(5), status(6)];
  const fitting = fc
    .sample(arbitraryOf(Envelope), { numRuns: 300, seed })
    .map((envelope, n) => ({ ...envelope, cluster: `c${n % 4}`, stream: `c${n % 4}/${envelope.agent}/x` }));
  const sound = [...good.flatMap((one, n) => batch(n, [one])), ...fitting].map((envelope) => JSON.stringify(envelope));
  const damaged = mutate(sound, Number.POSITIVE_INFINITY, seed);
  for (;;) yield random(3) === 0 ? (sound[random(sound.length)] as string) : (damaged.next().value as string);
}
