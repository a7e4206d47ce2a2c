/** What must be shown, 1: over recordings of a real cluster every theft that its sources can tell is found, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { TimedSensorLine } from '../../agent/sources/reads-file.ts';
import { Alert } from '../../shared/schema/alert.ts';
import { DAY, formatTime, SECOND } from '../../shared/time.ts';
import { hunt } from './hunt.ts';
import { loadRecording, recordingNames, requestKey } from './recording.ts';
import { score } from './score.ts';

/** As the sensor saw it, with its node's clock off by this much, and told so much later. */
const told = (opens: readonly TimedSensorLine[], { off = 0, late = 0 }): TimedSensorLine[] =>
  opens.map(({ time, about, value }) => ({
    time: time + off + late,
    about,
    value: { ...(value as object), t: formatTime(time + off) },
  }));

const WITH_READS = {
  'and the reads': {},
  'and the reads, 30 s late': { late: 30 * SECOND },
  'and the reads, all of them after the log': { late: DAY },
  "and the reads, the node's clock a second fast": { off: SECOND },
  "and the reads, the node's clock a second slow": { off: -SECOND },
};

describe.each(recordingNames)('%s', (name) => {
  const { lines, inventory, opens, truth } = loadRecording(name);
  const withReads = Object.entries(WITH_READS).map(([how, when]) => ({
    how,
    reads: told(opens, when),
    isLate: 'late' in when,
  }));

  it.each(withReads)("the log $how: finds every read that is unlike the workload's own", ({ reads }) => {
    expect(score(truth, hunt(lines, { inventory, reads }).alerts).missedReads).toEqual([]);
  });

  describe.each([{ how: 'alone', reads: undefined, isLate: false }, ...withReads])('the log $how', (given) => {
    const { reads, isLate } = given;
    const found = hunt(lines, { inventory, ...(reads && { reads }) });
    const result = score(truth, found.alerts);

    it('finds every request that the log and the inventory can tell', () => {
      expect(result.missed).toEqual([]);
    });

    it('raises no false alert', () => {
      expect(result.falseAlerts).toEqual([]);
    });

    it('raises one alert a theft', () => {
      // Told after the uses have made alerts of their own, a sweep is one more.
      const most = isLate && found.alerts.some(({ rules }) => rules.includes('token-sweep')) ? 2 : 1;
      expect(result.mostAlertsForOneCredential).toBe(result.toFind > 0 ? most : 0);
    });

    it('has no benign use or read among the evidence', () => {
      expect(result.benignEvidence).toBe(0);
    });

    it('decides every use, and reads every line', () => {
      expect([...found.placed.values()].filter(({ placement }) => placement.reason === 'deciding')).toEqual([]);
      expect(found.rejected.size).toBe(0);
      expect(found.statuses).toEqual([]);
    });

    it('makes what the contract says', () => {
      for (const alert of found.alerts) expect(Alert.safeParse(alert).error).toBeUndefined();
    });
  });
});

describe('where placement cannot tell, it says so', () => {
  /** How the uses of one thing that somebody did were placed: `verdict/reason`. */
  function placementsOf(name: string, action: RegExp): string[] {
    const { lines, inventory, truth } = loadRecording(name);
    const { placed } = hunt(lines, { inventory });
    const requests = truth.filter((deed) => action.test(deed.action)).flatMap((deed) => deed.requests ?? []);
    const placements = requests.map(({ auditID, requestReceivedTimestamp }) => {
      const { placement } = placed.get(requestKey(auditID, requestReceivedTimestamp)) ?? {};
      return `${placement?.verdict}/${placement?.reason}`;
    });
    return [...new Set(placements)];
  }

  it.each([
    ['pods behind masquerading', /legit pods behind masquerade/],
    ['a thief on the node among them', /used from the node/],
    ['a thief in another pod among them', /used from pod shop\/idle, masqueraded/],
  ])('%s', (_, action) => {
    expect(placementsOf('08-ambiguous-nat', action)).toEqual(['unclear/node-address-nat-or-host']);
  });

  it('a thief outside is told although pods are masqueraded', () => {
    expect(placementsOf('08-ambiguous-nat', /used from outside/)).toEqual(['away/outside-cluster-networks']);
  });

  it('the token of a hostNetwork pod on its own node looks like the pod', () => {
    const action = /node-agent token on its own node/;
    expect(placementsOf('10-two-nodes', action)).toEqual(['home/node-of-host-network-pod']);
  });
});
