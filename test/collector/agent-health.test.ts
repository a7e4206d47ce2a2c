import { describe, expect, test } from 'vitest';
import { type Heard, healthOf, lasting } from '../../collector/query/agent-health.ts';
import type { BlindSpot } from '../../collector/store/store.ts';
import type { Heartbeat } from '../../shared/schema/observation.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../shared/time.ts';
import { heartbeat, START } from './support/make.ts';

const NOW = START + HOUR;

const said = (ago: number, parts: Partial<Heartbeat> = {}): Heard['said'] => {
  const time = NOW - ago;
  return { heardAt: time + SECOND, heartbeat: heartbeat(0, { time, seen: time, ...parts }) };
};
const spot = (status: BlindSpot['status'], parts: Partial<BlindSpot> = {}): BlindSpot => ({
  cluster: 'demo',
  node: 'node-a',
  source: 'audit-file',
  reason: 'file-missing',
  detail: '/audit.log',
  time: START,
  status,
  ...parts,
});
const part = (name: string, state: string, detail?: string) => ({
  name,
  state,
  ...(detail !== undefined && { detail }),
});
const heard = (parts: Partial<Heard> = {}): Heard => ({
  lastSeen: NOW,
  said: said(30 * SECOND),
  blindSpots: [],
  ...parts,
});

describe('the health of an agent', () => {
  test.each<[string, Heard, string, string | null]>([
    ['that says all is well', heard(), 'ok', null],
    ['that says nothing about itself, but sends', heard({ said: undefined }), 'ok', null],
    ['of five minutes ago', heard({ lastSeen: NOW - 5 * MINUTE, said: said(5 * MINUTE) }), 'ok', null],
    [
      'of longer ago',
      heard({ lastSeen: NOW - 5 * MINUTE - 1, said: said(6 * MINUTE) }),
      'silent',
      'Nothing was heard of it for 5 minutes.',
    ],
    [
      'that is silent is not called anything better',
      heard({ lastSeen: NOW - 3 * DAY, blindSpots: [spot('blind')] }),
      'silent',
      'Nothing was heard of it for 3 days.',
    ],
    [
      'that is blind',
      heard({ blindSpots: [spot('blind')] }),
      'blind',
      "It can't see all of the audit log (file-missing: /audit.log).",
    ],
    [
      'that is blind and late',
      heard({ blindSpots: [spot('lag'), spot('blind', { source: 'token-opens', reason: 'no-guard', detail: 'x' })] }),
      'blind',
      "It can't see all of who opens token files (no-guard: x).",
    ],
    [
      'that is blind in a way of a later release',
      heard({ blindSpots: [spot('blind', { source: 'dns' })] }),
      'blind',
      "It can't see all of what dns sees (file-missing: /audit.log).",
    ],
    [
      'that has lost something',
      heard({ blindSpots: [spot('gap', { reason: 'truncated', detail: 'audit.log, behind byte 7' })] }),
      'blind',
      'In the last day it missed some of the audit log (truncated: audit.log, behind byte 7).',
    ],
    [
      'of which a part has failed',
      heard({ said: said(0, { parts: [part('token-files', 'failed', 'no such folder'), part('spool', 'running')] }) }),
      'blind',
      'Its part token-files has failed: no such folder.',
    ],
    [
      'of which a part has failed without a word',
      heard({ said: said(0, { parts: [part('x', 'failed')] }) }),
      'blind',
      'Its part x has failed.',
    ],
    [
      'that is blind in many ways',
      heard({ blindSpots: ['a', 'b', 'c', 'd', 'e'].map((detail) => spot('blind', { detail })) }),
      'blind',
      "It can't see all of the audit log (file-missing: a). It can't see all of the audit log (file-missing: b). It can't see all of the audit log (file-missing: c). There is more: 2.",
    ],
    ['of which the log holds tokens', heard({ blindSpots: [spot('leak')] }), 'ok', null],
    ['a minute behind', heard({ said: said(0, { lag: MINUTE }) }), 'ok', null],
    [
      'that is behind',
      heard({ said: said(0, { lag: 90 * SECOND }) }),
      'late',
      'It is 90 seconds behind the audit log.',
    ],
    [
      'that says it is behind',
      heard({ blindSpots: [spot('lag', { reason: 'slow', detail: 'x' })] }),
      'late',
      'It is behind with the audit log (slow: x).',
    ],
    [
      'that sends, but says nothing more about itself',
      heard({ said: said(12 * MINUTE) }),
      'late',
      'It sends, but has not said how it is for 11 minutes: too much may be waiting.',
    ],
    [
      'that delivers late',
      heard({
        said: {
          heardAt: NOW,
          heartbeat: heartbeat(0, { time: NOW - 4 * MINUTE, waiting: { records: 7000, bytes: 7_000_000 } }),
        },
      }),
      'late',
      'What it sends comes 4 minutes late, with 7000 observations waiting behind it; or its clock is wrong.',
    ],
    [
      'whose spool is in trouble',
      heard({ said: said(0, { parts: [part('spool', 'degraded', 'The disk is full')] }) }),
      'late',
      'The disk is full.',
    ],
    [
      'of which another part is in trouble, which it tells of itself',
      heard({ said: said(0, { parts: [part('kubernetes', 'degraded', 'inventory-lost')] }) }),
      'ok',
      null,
    ],
  ])('%s', (_what, given, health, because) => {
    expect(healthOf(given, NOW)).toEqual({ health, because });
  });
});

test.each([
  [0, '0 seconds'],
  [SECOND, '1 second'],
  [119 * SECOND, '119 seconds'],
  [2 * MINUTE, '2 minutes'],
  [119 * MINUTE, '119 minutes'],
  [47 * HOUR, '47 hours'],
  [400 * DAY, '400 days'],
])('%i microseconds are %s', (time, words) => {
  expect(lasting(time)).toBe(words);
});
