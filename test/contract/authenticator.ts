/** What every way of proving who one is has to stand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Authenticator, Presented, Reason } from '../../collector/identity/authenticator.ts';
import type { Caller } from '../../collector/identity/caller.ts';

export interface AuthenticatorCase {
  authenticator: Authenticator;
  good: [presented: Presented, caller: Caller][];
  /** Things of its own kind that are not right; undefined: it does not even take them for its own. */
  bad: Record<string, [presented: Presented, reason: Reason | undefined]>;
  /** What another one might know. */
  foreign: Presented[];
}

/** @param make called once, before the tests */
export function authenticatorContract(name: string, make: () => Promise<AuthenticatorCase>): void {
  describe(`${name}, as every authenticator`, () => {
    const made = make();

    test('knows who brings what is right, again and again, and many at once', async () => {
      const { authenticator, good } = await made;
      expect(good.length).toBeGreaterThan(0);
      for (const [presented, caller] of good) {
        const verdicts = await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(presented)));
        for (const verdict of verdicts) expect(verdict).toEqual(caller);
      }
    });

    test('says why it refuses, and shows nothing of what was brought', async () => {
      const { authenticator, bad } = await made;
      for (const [what, [presented, reason]] of Object.entries(bad)) {
        const verdict = await authenticator.authenticate(presented);
        expect([what, verdict && 'refused' in verdict ? verdict.refused : verdict]).toEqual([what, reason]);
        if (presented.token) expect(JSON.stringify(verdict ?? '')).not.toContain(presented.token);
      }
    });

    test('leaves to others what is not its own', async () => {
      const { authenticator, foreign } = await made;
      for (const presented of [{}, ...foreign]) expect(await authenticator.authenticate(presented)).toBeUndefined();
    });

    test('lets nobody in for a text that was made up, or for a right one that was changed', async () => {
      const { authenticator, good } = await made;
      const tokens = good.flatMap(([{ token }]) => token ?? []);
      const madeUp = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
        ...tokens.map((token) =>
          fc
            .tuple(fc.nat(token.length - 2), fc.constantFrom('A', 'b', '-', '.', '', ' '))
            .map(([at, char]) => token.slice(0, at) + char + token.slice(at + 1))
            .filter((changed) => changed !== token),
        ),
      );
      await fc.assert(
        fc.asyncProperty(madeUp, async (token) => {
          const verdict = await authenticator.authenticate({ token });
          expect(verdict === undefined || 'refused' in verdict).toBe(true);
        }),
      );
    });
  });
}
