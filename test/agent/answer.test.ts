import { describe, expect, test } from 'vitest';
import { judge } from '../../agent/transport/http/answer.ts';

const PROBLEM = { 'content-type': 'application/problem+json; charset=utf-8' };
const HTML = { 'content-type': 'text/html' };
const problem = JSON.stringify({ detail: 'This is no batch.' });
const receipt = (accepted: unknown, duplicates = 0) => JSON.stringify({ accepted, duplicates, rejected: 0 });

const ask = (status: number, headers: Record<string, string>, text: string, divisible = true) =>
  judge({ status, headers: new Headers(headers), text }, divisible ? 10 : 1, Date.UTC(2026, 9, 21, 7, 27, 30));

describe('an answer to a batch', () => {
  test.each([
    { accepted: 10, duplicates: 0, because: 'all of it was new' },
    { accepted: 4, duplicates: 6, because: 'some of it was stored before' },
  ])('acknowledges it: $because', ({ accepted, duplicates }) => {
    expect(ask(200, {}, receipt(accepted, duplicates))).toBe('stored');
  });

  test.each([
    { status: 400, headers: PROBLEM, text: problem, reason: 'refused' },
    { status: 422, headers: PROBLEM, text: problem, reason: 'refused' },
    { status: 413, headers: PROBLEM, text: problem, reason: 'too-large' },
    { status: 413, headers: PROBLEM, text: problem, divisible: false, reason: 'too-large' },
    { status: 413, headers: HTML, text: '<h1>too large</h1>', reason: 'too-large' },
  ])('is final when it is the collector’s own about this batch: %j', ({ status, headers, text, divisible, reason }) => {
    expect(ask(status, headers, text, divisible)).toMatchObject({
      reason,
      detail: expect.stringContaining(`${status}`),
    });
  });

  test.each([
    { status: 200, headers: HTML, text: '<h1>Welcome</h1>', remedy: 'agent.collector.url', because: 'another server' },
    { status: 200, headers: {}, text: receipt(9), remedy: 'agent.collector.url', because: 'not all of it is stored' },
    { status: 200, headers: {}, text: receipt('10'), remedy: 'agent.collector.url', because: 'no receipt' },
    { status: 204, headers: {}, text: '', remedy: 'agent.collector.url', because: 'no receipt' },
    { status: 301, headers: {}, text: '', remedy: 'agent.collector.url', because: 'http instead of https' },
    { status: 307, headers: {}, text: '', remedy: 'agent.collector.url', because: 'a login page' },
    {
      status: 400,
      headers: HTML,
      text: 'plain HTTP sent to HTTPS port',
      remedy: 'agent.collector.url',
      because: 'a proxy',
    },
    { status: 400, headers: {}, text: problem, remedy: 'agent.collector.url', because: 'not said by the collector' },
    { status: 401, headers: PROBLEM, text: problem, remedy: 'agent.collector.tokenFile', because: 'unknown token' },
    { status: 403, headers: PROBLEM, text: problem, remedy: 'agentTokenHashes', because: 'a reader’s token' },
    { status: 403, headers: PROBLEM, text: problem, remedy: 'cluster.name, agent.node', because: 'another node' },
    { status: 404, headers: PROBLEM, text: problem, remedy: 'agent.collector.url', because: 'a wrong path' },
    { status: 405, headers: {}, text: '', remedy: 'agent.collector.url', because: 'another server' },
    { status: 415, headers: PROBLEM, text: problem, remedy: 'agent.collector.url', because: 'a proxy that unpacks' },
    {
      status: 421,
      headers: PROBLEM,
      text: problem,
      remedy: 'agent.collector.url',
      because: 'not by its loopback name',
    },
    { status: 413, headers: HTML, text: '', divisible: false, remedy: '8 MiB', because: 'a proxy’s limit' },
    { status: 408, headers: PROBLEM, text: problem, because: 'it may pass' },
    { status: 429, headers: PROBLEM, text: problem, because: 'it may pass' },
    { status: 500, headers: PROBLEM, text: problem, because: 'it may pass' },
    { status: 503, headers: HTML, text: 'no backend', because: 'it may pass' },
  ])('$status leaves the batch waiting: $because', ({ status, headers, text, divisible, remedy }) => {
    const answer = ask(status, headers, text, divisible);
    expect(answer).toMatchObject({ reason: 'unavailable', detail: expect.stringContaining(`${status}`) });
    expect((answer as { remedy?: string }).remedy ?? '').toContain(remedy ?? '');
    expect('remedy' in (answer as object)).toBe(remedy !== undefined);
  });

  test.each([
    ['2', 2000],
    ['0', 0],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['soon', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['2026-10-21', undefined],
  ])('may say when to ask again: %s', (header, afterMs) => {
    expect((ask(503, { 'retry-after': header }, '') as { afterMs?: number }).afterMs).toBe(afterMs);
  });

  test('is told in the collector’s words, short', () => {
    expect(ask(404, PROBLEM, JSON.stringify({ detail: 'There is nothing here.' }))).toMatchObject({
      detail: '404 There is nothing here.',
    });
    expect((ask(502, HTML, 'x'.repeat(5000)) as { detail: string }).detail).toHaveLength(304);
  });
});
