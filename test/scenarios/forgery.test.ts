/**
 * What must be shown, 2: whatever a thief writes into a request changes no verdict. Every stolen use of the recordings is
 * made again with each forgery.
 */
import { describe, expect, it } from 'vitest';
import type { TokenUse } from '../../shared/schema/observation.ts';
import type { Placement } from '../../shared/schema/placement.ts';
import { type Hunt, hunt } from './hunt.ts';
import { loadRecording, type Recording, recordingNames } from './recording.ts';

interface Event {
  auditID: string;
  userAgent?: string;
  sourceIPs: string[];
  requestReceivedTimestamp: string;
}

/** What a thief knows of whom the token belongs to. */
interface Victim {
  /** Where the credential belongs: an address of the pod, or of its node. */
  home: string;
  userAgent: string;
  /** Audit-ID of a benign request. */
  auditID: string;
}

const peer = ({ sourceIPs }: Event): string => sourceIPs.at(-1) ?? '';
const claiming =
  (...claimed: ((victim: Victim) => string)[]) =>
  (event: Event, victim: Victim): Event => ({
    ...event,
    sourceIPs: [...claimed.map((claim) => claim(victim)), peer(event)],
  });
const home = (victim: Victim): string => victim.home;

/** `claimsHome`: the client states the victim's address. */
const FORGERIES: { name: string; claimsHome: boolean; forge: (event: Event, victim: Victim) => Event }[] = [
  { name: "X-Forwarded-For with the pod's address", claimsHome: true, forge: claiming(home) },
  {
    name: 'X-Forwarded-For with several',
    claimsHome: true,
    forge: claiming(
      () => '1.2.3.4',
      home,
      () => '10.10.0.11',
    ),
  },
  {
    name: 'X-Forwarded-For with 300',
    claimsHome: true,
    forge: claiming(home, ...Array.from({ length: 299 }, (_, i) => () => `10.8.${i >> 8}.${i & 255}`)),
  },
  { name: 'X-Forwarded-For and X-Real-Ip', claimsHome: true, forge: claiming(home, home) },
  { name: 'X-Forwarded-For with somebody else', claimsHome: false, forge: claiming(() => '10.244.9.9') },
  {
    name: "the workload's User-Agent",
    claimsHome: false,
    forge: (event, { userAgent }) => ({ ...event, userAgent }),
  },
  { name: 'an empty User-Agent', claimsHome: false, forge: ({ userAgent: _userAgent, ...event }) => event },
  {
    name: 'the Audit-ID of a benign request',
    claimsHome: false,
    forge: (event, { auditID }) => ({ ...event, auditID }),
  },
  { name: 'one Audit-ID for all', claimsHome: false, forge: (event) => ({ ...event, auditID: 'constant' }) },
];

/** Times of requests that thieves made: unique, unlike their Audit-IDs. */
const stolenTimes = ({ truth }: Recording): Set<string> =>
  new Set(
    truth
      .filter(({ label }) => label === 'theft' || label === 'misuse')
      .flatMap(({ requests = [] }) => requests.map(({ requestReceivedTimestamp }) => requestReceivedTimestamp)),
  );

/** Every use by its time, which no client chooses. */
const byTime = ({ placed }: Hunt) => new Map([...placed.values()].map((one) => [one.use.timeText, one]));

function victimOf(use: TokenUse | undefined, benign: readonly TokenUse[]): Victim {
  const { addresses = [] } = use?.whereabouts?.home ?? {};
  const itself = benign.find((other) => other.principal === use?.principal) ?? benign[0];
  return {
    home: addresses[0] ?? '10.244.0.3',
    userAgent: itself?.request.userAgent ?? '',
    auditID: itself?.auditID ?? '',
  };
}

function forgeAll(recording: Recording, real: Hunt, forge: (event: Event, victim: Victim) => Event): Buffer[] {
  const times = stolenTimes(recording);
  const uses = byTime(real);
  const benign = [...uses.values()].map(({ use }) => use).filter(({ timeText }) => !times.has(timeText));
  return recording.lines.map((line) => {
    const event = JSON.parse(line.toString()) as Event;
    if (!times.has(event.requestReceivedTimestamp)) return line;
    const { use } = uses.get(event.requestReceivedTimestamp) ?? {};
    return Buffer.from(JSON.stringify(forge(event, victimOf(use, benign))));
  });
}

const verdicts = (found: Hunt): Record<string, Placement> =>
  Object.fromEntries([...byTime(found)].map(([time, { placement }]) => [time, placement]));

/** What alerts rest on, by time, with the rules; where forged addresses are told is asserted apart. */
const evidence = ({ alerts }: Hunt): string[] =>
  alerts
    .flatMap((alert) =>
      alert.evidence.map(({ time, rules }) => {
        const others = rules.filter((rule) => rule !== 'client-address-forged');
        return `${alert.severity} ${alert.principal} ${time} ${others.toSorted().join()}`;
      }),
    )
    .toSorted();

/** Times of uses about which an alert says that the client's address is forged. */
const forgedOnes = ({ alerts }: Hunt): Set<string> =>
  new Set(
    alerts.flatMap((alert) =>
      alert.evidence.filter(({ rules }) => rules.includes('client-address-forged')).map(({ time }) => time),
    ),
  );

describe.each(recordingNames.filter((name) => name !== '01-normal-day'))('%s', (name) => {
  const recording = loadRecording(name);
  const real = hunt(recording.lines, { inventory: recording.inventory });
  const times = stolenTimes(recording);

  it.each(FORGERIES)('$name', ({ forge, claimsHome }) => {
    const forged = hunt(forgeAll(recording, real, forge), { inventory: recording.inventory });
    expect(verdicts(forged)).toEqual(verdicts(real));
    expect(evidence(forged)).toEqual(evidence(real));

    const away = [...byTime(forged).values()].filter(
      ({ use, placement }) =>
        times.has(use.timeText) && placement.verdict === 'away' && use.whereabouts?.home !== undefined,
    );
    const told = [...forgedOnes(forged)].toSorted();
    if (claimsHome) expect(told).toEqual(away.map(({ use }) => use.timeText).toSorted());
    else expect(told.filter((time) => !forgedOnes(real).has(time))).toEqual([]);
  });

  it('there is something to forge', () => {
    expect([...byTime(real).values()].filter(({ use }) => times.has(use.timeText)).length).toBeGreaterThan(4);
    expect(byTime(real).size).toBe(real.placed.size);
  });
});
