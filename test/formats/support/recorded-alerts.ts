/** What the recordings of a real cluster end in: alerts as a hunt over log, inventory and reads makes them. */
import type { Alert } from '../../../shared/schema/alert.ts';
import { hunt } from '../../scenarios/hunt.ts';
import { loadRecording, recordingNames } from '../../scenarios/recording.ts';

let recorded: Alert[] | undefined;

/** All of them, the recordings in the order of their names. Made once, and the same each time. */
export async function recordedAlerts(): Promise<Alert[]> {
  recorded ??= recordingNames.flatMap((name) => {
    const { lines, inventory, opens } = loadRecording(name);
    return hunt(lines, { inventory, reads: opens }).alerts.map((alert) => ({ ...alert, cluster: name }));
  });
  return structuredClone(recorded);
}
