/** The live stream of alerts: one for the whole page, taken up again by the browser where it broke off. */
import { signal } from '@preact/signals';
import type { AlertsPage } from '../../../query/schemas/alerts.ts';

export type LiveAlert = AlertsPage['items'][number];
type Listener = (alert: LiveAlert) => void;

/** `off`: not asked for, or refused. */
export const liveState = signal<'off' | 'connecting' | 'live'>('off');
const listeners = new Set<Listener>();
const resets = new Set<() => void>();
let source: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;
const AGAIN_MS = 5000;

export function goLive(): void {
  if (source) return;
  liveState.value = 'connecting';
  const opened = new EventSource('/api/v1/live');
  source = opened;
  opened.addEventListener('open', () => {
    liveState.value = 'live';
  });
  opened.addEventListener('alert', (event) => {
    const alert = JSON.parse((event as MessageEvent<string>).data) as LiveAlert;
    for (const listener of listeners) listener(alert);
  });
  // Another store answers now: what is shown may be of the one before.
  opened.addEventListener('reset', () => {
    for (const listener of resets) listener();
  });
  opened.addEventListener('error', () => {
    liveState.value = 'connecting';
    // The browser goes on by itself, unless it was refused.
    if (opened.readyState !== EventSource.CLOSED) return;
    stopLive();
    again = setTimeout(goLive, AGAIN_MS);
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
