import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clients } from '../../shared/detection/clients.ts';
import { type Familiarity, ReadProfiles, SavedProfiles } from '../../shared/detection/reads/profiles.ts';
import { Suspects } from '../../shared/detection/reads/suspects.ts';
import { Sweeps } from '../../shared/detection/reads/sweeps.ts';
import type { TokenRead } from '../../shared/schema/observation.ts';
import { DAY, HOUR } from '../../shared/time.ts';
import { APP, byChild, file, fromHost, process, read } from './reads.ts';
import { at, use } from './world.ts';

const newProfiles = () => new ReadProfiles({ learningPeriod: HOUR });
/** Judges each, then learns it, as is done with what comes in. */
const see = (profiles: ReadProfiles, reads: readonly TokenRead[]): (Familiarity | undefined)[] =>
  reads.map((one) => {
    const familiarity = profiles.judge(one);
    profiles.learn(one);
    return familiarity;
  });
const own = (from: number, count: number, every = 60) =>
  Array.from({ length: count }, (_, i) => read(from + i * every, 'cart-1'));

describe('what is usual in a container', () => {
  it('is learned, then familiar; others are new, and unfamiliar once the learning period is over', () => {
    const profiles = newProfiles();
    expect(see(profiles, own(0, 6))).toEqual(['learning', ...Array(5).fill('familiar')]);
    expect(see(profiles, [byChild(400, 'cart-1')])).toEqual(['new']);
    expect(see(profiles, [byChild(3700, 'cart-1'), read(3701, 'cart-1')])).toEqual(['unfamiliar', 'familiar']);
  });

  it('to judge teaches nothing', () => {
    const profiles = newProfiles();
    for (const one of own(0, 100)) expect(profiles.judge(one)).toBe('learning');
    expect(profiles.size).toBe(0);
  });

  it('is learned since it first read, which is told where it was watched for long', () => {
    const profiles = newProfiles();
    for (const name of ['cart-1', 'pay'] as const) profiles.watch(file(0, name));
    profiles.watch(file(3000, 'cart-1', { event: 'rotated' }));
    expect(see(profiles, [read(3599, 'cart-1'), byChild(3600, 'cart-1')])).toEqual(['learning', 'learning']);
    expect(see(profiles, [read(3600, 'pay'), byChild(3601, 'pay')])).toEqual(['first', 'learning']);
  });

  it('what comes out of order counts by its own time', () => {
    const profiles = newProfiles();
    see(profiles, own(3700, 6));
    see(profiles, own(0, 1));
    expect(profiles.judge(byChild(4000, 'cart-1'))).toBe('unfamiliar');
  });

  it.each<[string, TokenRead]>([
    ['another account', byChild(3700, 'pay')],
    ['another volume', { ...byChild(3700, 'cart-1'), file: { ...read(0, 'cart-1').file, volume: 'sts-token' } }],
  ])('is of its own for %s', (_, one) => {
    const profiles = newProfiles();
    see(profiles, own(0, 62));
    expect(profiles.judge(one)).toBe('learning');
  });

  it('is the same for the volume of another pod', () => {
    const profiles = newProfiles();
    see(profiles, own(0, 62));
    const other = read(3800, 'cart-1');
    expect(profiles.judge({ ...other, file: { ...other.file, volume: 'kube-api-access-zzzzz' } })).toBe('familiar');
  });

  it.each<[string, TokenRead]>([
    ['a session', read(0, 'cart-1', { relation: 'exec-session' })],
    ['the node', fromHost(0, 'cart-1')],
    ['another pod', read(0, 'cart-1', { relation: 'other-pod' })],
    ['nobody known', read(0, 'cart-1', { opener: null })],
    ['a writer', read(0, 'cart-1', { read: { access: 'write' } })],
  ])('%s teaches nothing', (_, one) => {
    const profiles = newProfiles();
    expect(see(profiles, [one, one])).toEqual([undefined, undefined]);
    expect(profiles.size).toBe(0);
  });

  it('what runs from a file that was deleted or replaced never becomes familiar', () => {
    const profiles = newProfiles();
    const strange = Array.from({ length: 40 }, (_, i) =>
      byChild(i * 3600, 'cart-1', { opener: { exeState: i % 2 === 0 ? 'deleted' : 'replaced' } }),
    );
    expect(see(profiles, strange)).not.toContain('familiar');
  });
});

const someReads = fc.array(
  fc.record({
    seconds: fc.integer({ min: -1e6, max: 1e6 }),
    exe: fc.string({ maxLength: 2000 }),
    comm: fc.string({ maxLength: 64 }),
    image: fc.option(fc.string({ maxLength: 512 }), { nil: undefined }),
    depth: fc.nat(16),
    hasSize: fc.boolean(),
  }),
  { maxLength: 200 },
);

describe('profiles', () => {
  it('are as good when they were saved and restored', () => {
    fc.assert(
      fc.property(someReads, someReads, (before, after) => {
        const made = (some: typeof before): TokenRead[] =>
          some.map(({ seconds, exe, comm, image, depth, hasSize }) =>
            read(seconds, 'cart-1', {
              opener: {
                exe,
                comm,
                lineage: Array.from({ length: depth }, (_, i) => process(i, exe)),
                container: { id: 'x', name: 'app', ...(image !== undefined && { image }) },
                ...(hasSize && { exeSize: 1, exeTime: 2 }),
              },
            }),
          );
        const one = newProfiles();
        see(one, made(before));
        const saved = SavedProfiles.parse(JSON.parse(JSON.stringify(one.save())));
        const other = newProfiles();
        other.restore(saved);
        const later = made(after);
        expect(see(other, later)).toEqual(see(one, later));
      }),
      { numRuns: 50 },
    );
  });

  it('are bounded: by containers, by readers of each, by length', () => {
    const profiles = newProfiles();
    for (let i = 0; i < 6000; i += 1) {
      profiles.learn(read(i, 'cart-1', { opener: { container: { id: `id-${i}` } } }));
    }
    expect(profiles.size).toBe(5000);
    for (let i = 0; i < 300; i += 1) {
      const lineage = Array.from({ length: 16 }, () => process(1, `/${'x'.repeat(1000)}`));
      profiles.learn(read(i * 60, 'cart-1', { opener: { exe: `/${i}`, lineage } }));
    }
    const { profiles: saved } = SavedProfiles.parse(profiles.save());
    for (const [, { familiar, strange }] of saved) {
      expect(familiar.length).toBeLessThanOrEqual(64);
      expect(strange.length).toBeLessThanOrEqual(64);
    }
  });
});

describe('who opens many', () => {
  it('is told by each pod’s newest opening', () => {
    const sweeps = new Sweeps();
    const reads = [fromHost(0, 'cart-1'), fromHost(1, 'pay'), fromHost(2, 'cart-1')];
    for (const one of reads) sweeps.note(one);
    expect(sweeps.of(reads[2] as TokenRead)).toEqual([reads[1]?.id, reads[2]?.id]);
  });

  it('is bounded', () => {
    const sweeps = new Sweeps();
    let last = fromHost(0, 'cart-1');
    for (let i = 0; i < 2000; i += 1) {
      last = { ...fromHost(i / 100, 'cart-1'), file: { ...last.file, pod: { uid: `uid-${i}` } } };
      sweeps.note(last);
    }
    expect(sweeps.of(last)).toHaveLength(512);
  });
});

describe('suspicious reads of a credential', () => {
  const suspect = (id: number, seconds: number) => ({
    observation: `${id}`,
    time: at(seconds),
    relation: 'host' as const,
    reader: 'cat',
    isDoubtful: false,
  });

  it('are those before a use, oldest first, each once', () => {
    const suspects = new Suspects();
    expect(suspects.add('JTI=x', suspect(2, 20))).toBe(true);
    expect(suspects.add('JTI=x', suspect(1, 10))).toBe(true);
    expect(suspects.add('JTI=x', suspect(1, 10))).toBe(false);
    const before = (seconds: number) => suspects.before('JTI=x', at(seconds)).map(({ observation }) => observation);
    expect(before(30)).toEqual(['1', '2']);
    expect(before(18)).toEqual(['1', '2']);
    expect(before(17.9)).toEqual(['1']);
    expect(before(7.9)).toEqual([]);
    expect(suspects.before('JTI=x', at(10) + 7 * DAY)).toHaveLength(2);
    expect(suspects.before('JTI=x', at(10) + 7 * DAY + 1)).toHaveLength(1);
    expect(suspects.before('JTI=y', at(30))).toEqual([]);
  });

  it('are bounded: the first and the newest are kept', () => {
    const suspects = new Suspects();
    for (let i = 0; i < 100; i += 1) suspects.add('JTI=x', suspect(i, i));
    const kept = suspects.before('JTI=x', at(1000)).map(({ observation }) => Number(observation));
    expect(kept).toEqual([0, ...Array.from({ length: 15 }, (_, i) => 85 + i)]);
  });
});

describe('how an account usually asks', () => {
  const client = (seconds: number, userAgent: string, resource = 'pods') =>
    use(seconds, 'cart-1', { request: { userAgent, resource } });
  const known = (...uses: ReturnType<typeof use>[]): Clients => {
    const clients = new Clients();
    for (const one of uses) clients.observe(one);
    return clients;
  };
  const week = Array.from({ length: 10 }, (_, i) => client(i * 5, 'app/1'));
  const last = at(60);

  it.each<[string, ReturnType<typeof use>, string | undefined]>([
    ['the same', client(70, 'app/1'), undefined],
    ['another version', client(70, 'app/2 (linux)'), undefined],
    ['in capitals', client(70, 'APP/1'), undefined],
    ['another client', client(70, 'curl/8'), 'client'],
    ['no client', client(70, ''), 'client'],
    ['another thing', client(70, 'app/1', 'secrets'), undefined],
  ])('%s', (_, one, unfamiliar) => {
    expect(known(...week, one).unfamiliar(one, last)).toBe(unfamiliar);
  });

  it('what is asked is usual or not only after long', () => {
    const long = Array.from({ length: 50 }, (_, i) => client(i * 13, 'app/1'));
    const one = client(700, 'app/1', 'secrets');
    expect(known(...long, one).unfamiliar(one, at(650))).toBe('deed');
    expect(known(...long, one).unfamiliar(one, at(599))).toBeUndefined();
    expect(known(...long.slice(0, 48), one).unfamiliar(one, at(650))).toBeUndefined();
  });

  it('nothing is new of whom little is known', () => {
    const one = client(70, 'curl/8');
    expect(known(one).unfamiliar(one, last)).toBeUndefined();
    expect(known(...week.slice(0, 3), one).unfamiliar(one, last)).toBeUndefined();
    expect(known(...week, one).unfamiliar(one, at(5))).toBeUndefined();
    expect(known().unfamiliar(one, last)).toBeUndefined();
  });

  it('who asks with everything asks with anything', () => {
    const many = Array.from({ length: 40 }, (_, i) => client(50 + i / 10, `client-${i}`));
    const one = client(70, 'curl/8');
    expect(known(...week, ...many, one).unfamiliar(one, last)).toBeUndefined();
  });
});

it('a program is told by its path; what it calls itself is nothing', () => {
  const profiles = newProfiles();
  see(profiles, own(0, 62));
  const renamed = read(3800, 'cart-1', { opener: { comm: 'kubelet' } });
  expect(profiles.judge(renamed)).toBe('familiar');
  expect(profiles.judge(read(3800, 'cart-1', { opener: { comm: APP.comm, exe: '/tmp/server' } }))).toBe('unfamiliar');
});
