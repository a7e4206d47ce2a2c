/** What must be shown, 3: whatever a line of the log holds, reading it never throws and gives only what the contract allows. */
import { beforeAll, describe, expect, it } from 'vitest';
import { AuditNormaliser } from '../../shared/normalise/audit.ts';
import { Observation, type RequestObservation } from '../../shared/schema/observation.ts';
import { loadRecording } from '../scenarios/recording.ts';
import { fakeToken, lineOf, normalise } from './lines.ts';
import { mutate } from './mutations.ts';

const COUNT = 100_000;

/** A few of each kind of line that gives something, and of those that don't. */
function realLines(): string[] {
  const kinds = new Map<string, string[]>();
  for (const name of ['02-exec-and-exfiltrate', '04-node-harvest', '06-minting', '07-legacy-secret']) {
    for (const line of loadRecording(name).lines.map(String)) {
      const normalised = normalise(line);
      if (!normalised.ok) throw new Error(normalised.reason);
      const kind = normalised.observations.map((o) => `${o.kind} ${o.request.verb} ${o.request.resource}`).join();
      const known = kinds.get(kind) ?? [];
      if (known.length < 4) kinds.set(kind, [...known, line]);
    }
  }
  return [...kinds.values()].flat();
}

describe(`${COUNT} damaged lines`, () => {
  const normaliser = new AuditNormaliser({ isTrustedProxy: (address) => address === '10.10.0.1' });
  const threw: string[] = [];
  const broken: string[] = [];
  const unlike: string[] = [];
  const observed = new Map<string, number>();
  const rejected = new Map<string, number>();

  beforeAll(() => {
    let count = 0;
    for (const line of mutate(realLines(), COUNT, 20_261_123)) {
      try {
        const normalised = normaliser.line(line);
        count += 1;
        // A space in front makes it take the way by which every unusual line is read.
        const slowly = count % 5 === 0 ? normaliser.line(` ${line}`) : normalised;
        if (slowly !== normalised && JSON.stringify(slowly) !== JSON.stringify(normalised)) unlike.push(line);
        if (!normalised.ok) {
          rejected.set(normalised.reason, (rejected.get(normalised.reason) ?? 0) + 1);
          continue;
        }
        for (const observation of normalised.observations) {
          observed.set(observation.kind, (observed.get(observation.kind) ?? 0) + 1);
          if (!fits(observation)) broken.push(line);
        }
      } catch (error) {
        threw.push(`${String(error)}: ${line}`);
      }
    }
  }, 120_000);

  const fits = (observation: RequestObservation): boolean => Observation.safeParse(observation).success;

  it('never throw', () => {
    expect(threw.slice(0, 3)).toEqual([]);
  });

  it('give only observations that the receiver takes', () => {
    expect(broken.slice(0, 3)).toEqual([]);
  });

  it('give the same read quickly and read in full', () => {
    expect(unlike.slice(0, 3)).toEqual([]);
  });

  it('damage enough, and not everything', () => {
    expect(Object.fromEntries(rejected)).toEqual({
      'not-json': expect.any(Number),
      'not-an-event': expect.any(Number),
      'bad-time': expect.any(Number),
    });
    for (const kind of ['use', 'issue', 'entry', 'denied']) expect(observed.get(kind)).toBeGreaterThan(500);
  });

  it('leave objects as they were', () => {
    expect(({} as { username?: unknown }).username).toBeUndefined();
  });
});

it('a line nested deeper than the stack, with a token in it, is read', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const line = lineOf({ userAgent: fakeToken(), requestObject: 'HERE' }).replace('"HERE"', deep);
  expect(normalise(line)).toMatchObject({ ok: true, leaks: true, observations: [{ kind: 'use' }] });
});
