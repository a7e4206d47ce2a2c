import { createRequire } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import '../../shared/kafka/client.ts';
import type { RequestQueue } from '../../shared/kafka/idle-guard.ts';

interface Queue extends RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  maybeThrottle(milliseconds: number): void;
  push(request: { entry: { correlationId: number }; expectResponse: boolean; sendRequest(): void }): void;
  fulfillRequest(response: { correlationId: number; payload: Buffer; size: number }): void;
  rejectAll(error: Error): void;
  destroy(): void;
}

const load = createRequire(import.meta.url);

function queue(maxInFlightRequests: number | null): { queue: Queue; sent: number[]; push(id: number): void } {
  const Queue = load('kafkajs/src/network/requestQueue') as new (options: object) => Queue;
  const logger = { debug: () => undefined, warn: () => undefined };
  const made = new Queue({ maxInFlightRequests, requestTimeout: 1000, clientId: 'a', broker: 'b', logger });
  const sent: number[] = [];
  const push = (correlationId: number): void => {
    const settled = { resolve: () => undefined, reject: () => undefined };
    const entry = { correlationId, apiKey: 1, apiName: 'x', apiVersion: 0, ...settled };
    made.push({ entry, expectResponse: true, sendRequest: () => void sent.push(correlationId) });
  };
  return { queue: made, sent, push };
}

describe('a connection of kafkajs', () => {
  test('has no timer once its requests are answered', () => {
    const { queue: idle, push } = queue(null);
    push(1);
    idle.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
    expect(idle.throttleCheckTimeoutId).toBeNull();
  });

  test('sends what had to wait for an answer', () => {
    const { queue: busy, sent, push } = queue(1);
    push(1);
    push(2);
    expect(sent).toEqual([1]);
    busy.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
    expect(sent).toEqual([1, 2]);
    busy.destroy();
  });

  test('sends what had to wait because the broker wanted a pause', async () => {
    const { queue: throttled, sent, push } = queue(null);
    throttled.maybeThrottle(50);
    push(1);
    expect(sent).toEqual([]);
    await vi.waitFor(() => expect(sent).toEqual([1]));
    throttled.destroy();
  });
});
