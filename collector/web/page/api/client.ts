/** Asks the collector's API, as whoever is logged in. What comes back is text from outside: it is shown as text alone. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What the collector refuses, or that it can't be reached (status 0), as a sentence. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** Set once it is known who is asking; sent with whatever changes something. */
let csrf: string | null = null;
let onStranger = (): void => undefined;

export function useToken(token: string | null): void {
  csrf = token;
}

/** Called when the collector does not know (any more) who is asking. */
export function whenStranger(listener: () => void): void {
  onStranger = listener;
}

export const get = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
  ask<T>('GET', withQuery(path, query), undefined, signal);

export const post = <T>(path: string, body: unknown, query: Query = {}): Promise<T> =>
  ask<T>('POST', withQuery(path, query), body);

export const remove = <T>(path: string): Promise<T> => ask<T>('DELETE', path);

/** Path and query; what is empty is left out. */
export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

async function ask<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && csrf !== null) headers['x-csrf-token'] = csrf;
  const init: RequestInit = { method, headers, redirect: 'error' };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, 'The collector does not answer.');
  }
  if (response.status === 401) onStranger();
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new ApiProblem(response.status, detailOf(answer) ?? `It answers with ${response.status}.`);
  return answer as T;
}

function detailOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('detail' in answer)) return undefined;
  return typeof answer.detail === 'string' ? answer.detail : undefined;
}
