import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** As browsers have it, but for the network. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static opened: Source[] = [];
  readyState = 1;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Source.opened.push(this);
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }

  tell(type: string, lastEventId: string, data: unknown = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), { lastEventId, data: JSON.stringify(data) }));
  }

  refuse(): void {
    this.close();
    this.dispatchEvent(new Event('error'));
  }
}

const asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Source.opened = [];
  asked.length = 0;
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json({}, { status: 401 }));
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a stream that was refused is taken up where it broke off, once it is known who asks', async () => {
  const { goLive, onLiveAlert } = await import('../../collector/web/page/api/live.ts');
  const seen: unknown[] = [];
  const resets: string[] = [];
  onLiveAlert(
    (alert) => seen.push(alert),
    () => resets.push('reset'),
  );
  goLive();
  const [first] = Source.opened;
  expect(first?.url).toBe('/api/v1/live');
  first?.tell('ready', '6');
  first?.tell('alert', '7', { id: 'al_1' });
  asked.length = 0;
  first?.refuse();
  expect(asked).toEqual(['/api/v1/me']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Source.opened.map(({ url }) => url)).toEqual(['/api/v1/live', '/api/v1/live?lastEventId=7']);
  Source.opened[1]?.tell('reset', '3');
  Source.opened[1]?.refuse();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Source.opened[2]?.url).toBe('/api/v1/live?lastEventId=3');
  expect({ seen, resets }).toEqual({ seen: [{ id: 'al_1' }], resets: ['reset'] });
});

test('one that only broke off is the browser’s to take up', async () => {
  const { goLive, liveState } = await import('../../collector/web/page/api/live.ts');
  goLive();
  Source.opened[0]?.dispatchEvent(new Event('open'));
  expect(liveState.value).toBe('live');
  Source.opened[0]?.dispatchEvent(new Event('error'));
  expect(liveState.value).toBe('connecting');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.opened).toHaveLength(1);
});
