/** What must be shown, 1: over recordings of a real cluster every theft that its sources can tell is found, and nothing else. */
import { describe, expect, it } from 'vitest';
import { hunt } from './hunt.ts';
import { loadRecording, recordingNames, requestKey } from './recording.ts';
import { score } from './score.ts';

describe.each(recordingNames)('%s', (name) => {
  const recording = loadRecording(name);
  const found = hunt(recording.lines, { inventory: recording.inventory });
  const result = score(recording.truth, found.alerts);

  it('finds every request that the log and the inventory can tell', () => {
    expect(result.missed).toEqual([]);
  });

  it('raises no false alert', () => {
    expect(result.falseAlerts).toEqual([]);
  });

  it('raises one alert a theft', () => {
    expect(result.mostAlertsForOneCredential).toBe(result.toFind > 0 ? 1 : 0);
  });

  it('has no benign use among the evidence', () => {
    expect(result.benignEvidence).toBe(0);
  });

  it('decides every use, and reads every line', () => {
    expect([...found.placed.values()].filter(({ placement }) => placement.reason === 'deciding')).toEqual([]);
    expect(found.rejected.size).toBe(0);
    expect(found.statuses).toEqual([]);
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
