/**
 * What must be shown, 3: in whatever order inventory and audit events come, as long as it is within the hold-back, the
 * verdicts and the alerts are the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Observer } from '../../agent/observer.ts';
import { Correlator } from '../../shared/detection/correlator.ts';
import { ClusterInventory } from '../../shared/inventory/cluster-inventory.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import type { Observation } from '../../shared/schema/observation.ts';
import { type Micros, parseTime, SECOND } from '../../shared/time.ts';
import { loadRecording, type Recording, recordingNames } from './recording.ts';

const HOLD_BACK: Micros = 5 * SECOND;
const LATE: Micros = 2 * SECOND;

/** Something that comes in, and when. */
interface Arrival {
  time: Micros;
  take(observer: Observer): Observation[];
}

interface Result {
  /** By observation: `verdict/where/reason/confidence`. */
  verdicts: Record<string, string>;
  /**
   * Of every alert, by its severity, principal and rules, what it rests on. A 401 is left out: it names nobody, and joins
   * whichever theft from its address is the newest.
   */
  alerts: Record<string, string[]>;
}

/** What comes in, in order of its own time: the log's lines, and the inventory but for what was there from the start. */
function arrivalsOf({ lines, inventory }: Recording) {
  const audit = lines.map((line): Arrival => {
    const { stageTimestamp } = JSON.parse(line.toString()) as { stageTimestamp: string };
    return { time: parseTime(stageTimestamp) ?? 0, take: (observer) => observer.see(line) };
  });
  const isInitial = (event: (typeof inventory)[number]) => 'initial' in event && event.initial;
  const changes = inventory
    .filter((event) => !isInitial(event))
    .map(
      (event): Arrival => ({
        time: event.time,
        take: (observer) => {
          observer.learn(event);
          return [];
        },
      }),
    );
  return { audit, changes, initial: inventory.filter(isInitial) };
}

function run(recording: Recording, delays: { audit: readonly Micros[]; inventory: readonly Micros[] }): Result {
  const { audit, changes, initial } = arrivalsOf(recording);
  const observer = new Observer({
    inventory: new ClusterInventory({ mode: 'live' }),
    holdBack: HOLD_BACK,
    normalise: { isTrustedProxy: () => false },
    onReject: (reason) => expect.fail(reason),
  });
  const correlator = new Correlator({ cluster: 'test' });
  const verdicts: Result['verdicts'] = {};
  const alerts = new Map<string, Alert>();
  const take = ({ placements, alerts: changed }: ReturnType<Correlator['flush']>) => {
    for (const alert of changed) alerts.set(alert.id, alert);
    for (const [id, placement] of placements) {
      const where = placement.verdict === 'away' ? placement.where : '';
      verdicts[id] = `${placement.verdict}/${where}/${placement.reason}/${placement.confidence}`;
    }
  };
  for (const event of initial) observer.learn(event);
  const delay = (arrivals: readonly Arrival[], by: readonly Micros[]) =>
    arrivals.map((arrival, i) => ({ ...arrival, time: arrival.time + (by[i % by.length] ?? 0) }));
  const all = [...delay(changes, delays.inventory), ...delay(audit, delays.audit)];
  for (const arrival of all.toSorted((a, b) => a.time - b.time)) take(correlator.process(arrival.take(observer), []));
  take(correlator.process(observer.flush(), []));
  take(correlator.flush());
  return {
    verdicts,
    alerts: Object.fromEntries(
      [...alerts.values()].map(({ severity, rules, principal, evidence }) => [
        `${severity} ${principal} ${rules
          .filter((rule) => rule !== 'denied-source')
          .toSorted()
          .join()}`,
        evidence
          .filter(({ kind }) => kind !== 'denied')
          .map(({ id }) => id)
          .toSorted(),
      ]),
    ),
  };
}

const delays = fc.array(fc.integer({ min: 0, max: LATE - 1 }), { minLength: 1, maxLength: 97 });
const NONE = [0];

describe.each(recordingNames)('%s', (name) => {
  const recording = loadRecording(name);
  const inOrder = run(recording, { audit: NONE, inventory: NONE });

  it('inventory that comes late', () => {
    expect(Object.keys(inOrder.verdicts).length).toBeGreaterThan(150);
    fc.assert(
      fc.property(delays, (inventory) => {
        expect(run(recording, { audit: NONE, inventory })).toEqual(inOrder);
      }),
      { numRuns: 12 },
    );
  });

  it('a log that is out of order, and inventory that comes late', () => {
    fc.assert(
      fc.property(delays, delays, (audit, inventory) => {
        expect(run(recording, { audit, inventory })).toEqual(inOrder);
      }),
      { numRuns: 12 },
    );
  });
});
