/** Hunting over a bare log: quiet where nothing happened, and what is found says how little it rests on. */
import { describe, expect, it } from 'vitest';
import { hunt } from './hunt.ts';
import { loadRecording, recordingNames } from './recording.ts';
import { isLoud, score } from './score.ts';

const found = (name: string) => {
  const recording = loadRecording(name);
  const { alerts, placed } = hunt(recording.lines);
  return { alerts: alerts.filter(isLoud), placed, result: score(recording.truth, alerts) };
};

it.each(recordingNames)('%s: no false alert', (name) => {
  const { result } = found(name);
  expect(result.falseAlerts).toEqual([]);
  expect(result.benignEvidence).toBe(0);
});

it.each(recordingNames)('%s: no false alert with the reads, which find every theft that they show', (name) => {
  const { lines, opens, truth } = loadRecording(name);
  const { falseAlerts, benignEvidence, missedReads } = score(truth, hunt(lines, { reads: opens }).alerts);
  expect({ falseAlerts, benignEvidence, missedReads }).toEqual({ falseAlerts: [], benignEvidence: 0, missedReads: [] });
});

it.each(['01-normal-day', '08-ambiguous-nat'])('%s: nothing at all', (name) => {
  expect(found(name).alerts).toEqual([]);
});

describe.each(['02-exec-and-exfiltrate', '05-evasion'])('%s', (name) => {
  const { alerts, result } = found(name);

  it('the theft is found, once', () => {
    expect(result.missed).toEqual([]);
    expect(result.mostAlertsForOneCredential).toBe(1);
    expect(alerts).toHaveLength(1);
  });

  it('and says that it is not sure, and why', () => {
    expect(alerts[0]?.confidence).not.toBe('high');
    expect(alerts[0]?.severity).toBe('medium');
    expect(alerts[0]?.confidenceWhy).toContain('There was no inventory');
  });

  it('is named after whose token it is', () => {
    expect(alerts[0]?.principal).toBe('system:serviceaccount:shop:inventory');
    expect(alerts[0]?.title).toBe('ServiceAccount token used away from where it belongs');
  });
});

it.each(recordingNames)('%s: no verdict claims to be sure', (name) => {
  const { placed } = found(name);
  const sure = [...placed.values()].filter(({ placement }) => placement.confidence === 'high');
  // The one thing that needs no inventory: a legacy token that turns up elsewhere once its Secret was fetched.
  const kinds = new Set(sure.map(({ placement }) => placement.reason));
  expect([...kinds].filter((reason) => !['new-legacy-source', 'issued-to-thief'].includes(reason))).toEqual([]);
});

describe('an inventory of another time, that knows the nodes and none of the pods', () => {
  const result = (name: string) => {
    const { lines, inventory, truth } = loadRecording(name);
    const nodes = inventory.filter(({ type }) => type.startsWith('node-'));
    return score(truth, hunt(lines, { inventory: nodes, mode: 'snapshot' }).alerts);
  };

  it.each(recordingNames)('%s: no false alert', (name) => {
    expect(result(name).falseAlerts).toEqual([]);
  });

  it.each(['02-exec-and-exfiltrate', '03-lateral-pod', '05-evasion', '09-proc-root-read'])('%s: found', (name) => {
    expect(result(name).missed).toEqual([]);
  });
});
