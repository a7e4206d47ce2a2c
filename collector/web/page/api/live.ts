/** The live stream of alerts: one for the whole page, taken up again by the browser where it broke off. */
import { signal } from '@preact/signals';
import type { AlertsPage } from '../../../query/schemas/alerts.ts';
import { withQuery } from './client.ts';
import { learnWhoIAm } from './session.ts';

export type LiveAlert = AlertsPage['items'][number];
type Listener = (alert: LiveAlert) => void;

/** `off`: not asked for, or refused. */
export const liveState = signal<'off' | 'connecting' | 'live'>('off');
const listeners = new Set<Listener>();
const resets = new Set<() => void>();
let source: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;
/** Of the last event: where a stream that was refused is taken up again. */
let last = '';
const AGAIN_MS = 5000;

export function goLive(): void {
  if (source) return;
  liveState.value = 'connecting';
  const opened = new EventSource(withQuery('/api/v1/live', { lastEventId: last }));
  source = opened;
  opened.addEventListener('open', () => {
    liveState.value = 'live';
  });
  const note = (event: Event): void => {
    last = (event as MessageEvent<string>).lastEventId;
  };
  opened.addEventListener('ready', note);
  opened.addEventListener('alert', (event) => {
    note(event);
    const alert = JSON.parse((event as MessageEvent<string>).data) as LiveAlert;
    for (const listener of listeners) listener(alert);
  });
  // Another store answers now: what is shown may be of the one before.
  opened.addEventListener('reset', (event) => {
    note(event);
    for (const listener of resets) listener();
  });
  opened.addEventListener('error', () => {
    liveState.value = 'connecting';
    // The browser goes on by itself, unless it was refused.
    if (opened.readyState !== EventSource.CLOSED) return;
    stopLive();
    again = setTimeout(goLive, AGAIN_MS);
    // Who is not known any more has to log in.
    void learnWhoIAm();
  });
}

export function stopLive(): void {
  clearTimeout(again);
  source?.close();
  source = undefined;
  liveState.value = 'off';
}

/** @returns how to end that */
export function onLiveAlert(listener: Listener, onReset: () => void = () => undefined): () => void {
  listeners.add(listener);
  resets.add(onReset);
  return () => {
    listeners.delete(listener);
    resets.delete(onReset);
  };
}
