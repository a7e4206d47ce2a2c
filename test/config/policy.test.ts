import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse.ts';
import { toPolicy } from '../../shared/config/policy.ts';
import type { Opener } from '../../shared/schema/observation.ts';
import { HOUR } from '../../shared/time.ts';
import {
  APP,
  BASH,
  INIT,
  inPod,
  newNormaliser,
  OTHER,
  OTHERS,
  onNode,
  open,
  opener,
  podSeen,
  readOf,
  SHIM,
  workload,
} from '../normalise/opens.ts';

const NOW = Date.UTC(2026, 10, 23) * 1000;
const policyOf = (detection: object) => toPolicy(parseConfig({ detection }), { now: () => NOW });
const allows = (reader: object, who: Opener): boolean =>
  policyOf({ allowedReaders: [{ ...reader, reason: 'backups' }] }).allowedReader(who) === 'backups';

/** A pod of the namespace shop that opens what is not its own, out of the image registry/agent:1. */
const agents = newNormaliser([
  podSeen(),
  podSeen(
    workload({ containers: [{ name: 'agent', image: 'registry/agent:1', ids: [OTHERS], volumes: [], hooks: [] }] }),
    OTHER,
    'backup-x7k2p',
  ),
]);
const said = (proc: Parameters<typeof open>[0]): Opener => readOf(open(proc), agents).opener as Opener;
const first = { ...BASH, pid: 1000, nspid: '1000 1', comm: 'agent', exe: '/agent', cgroup: inPod(OTHER, OTHERS) };
const AGENT = { exe: '/usr/bin/backup', cgroup: inPod(OTHER, OTHERS), ancestors: [first, SHIM, INIT] };
const agent = said(opener(AGENT));
const backup = said(onNode({ exe: '/usr/bin/backup' }));

describe('allowedReaders', () => {
  it.each<[string, object]>([
    ['its namespace', { namespace: 'shop' }],
    ['its image', { image: 'registry/agent:1' }],
    ['the beginning of its image', { image: 'registry/agent:*' }],
    ['its program too', { namespace: 'shop', executable: '/usr/bin/backup' }],
    ['the beginning of its name', { namespace: 'shop', pod: 'backup-*' }],
    ['all of it', { namespace: 'shop', pod: 'backup-x7k2p', image: 'registry/*', executable: '/usr/bin/backup' }],
  ])('lets a pod pass by %s', (_, reader) => {
    expect(agent.relation).toBe('other-pod');
    expect(allows(reader, agent)).toBe(true);
    expect(allows(reader, backup)).toBe(false);
  });

  it.each<[string, object]>([
    ['another namespace', { namespace: 'bank' }],
    ['another image', { image: 'registry/agent' }],
    ['the end of an image', { image: '*:1' }],
    ['another name', { namespace: 'shop', pod: 'backup' }],
    ['another program', { namespace: 'shop', executable: '/usr/bin/cat' }],
    ['a program alone, which is one of the node', { executable: '/usr/bin/backup' }],
  ])('not by %s', (_, reader) => {
    expect(allows(reader, agent)).toBe(false);
  });

  const any = { namespace: 'shop', executable: '/usr/bin/backup' };

  it.each<[string, Opener]>([
    ['what runs by exec, in a pod that is let pass', said(opener({ ...AGENT, ancestors: [SHIM, INIT] }))],
    ['what put itself there', said(opener({ ...AGENT, ancestors: [BASH, INIT] }))],
    ['a program that was deleted', said(opener({ ...AGENT, exe: '/usr/bin/backup (deleted)' }))],
    ['a program that was replaced', said(opener({ ...AGENT, exe_replaced: true }))],
    ['a program that cannot be read', said(opener({ ...AGENT, exe: null }))],
  ])('never %s', (_, who) => {
    expect(allows(any, agent)).toBe(true);
    expect(allows(any, who)).toBe(false);
  });

  it('never a session within the own pod', () => {
    expect(allows({ namespace: 'shop' }, said(opener()))).toBe(true);
    expect(allows({ namespace: 'shop' }, said(opener({ ancestors: [SHIM, INIT] })))).toBe(false);
  });

  it.each<[string, Opener, boolean]>([
    ['a process of the node', backup, true],
    ['another program', said(onNode()), false],
    [
      'a program in a container that is in no pod',
      said(onNode({ exe: '/usr/bin/backup', cgroup: [`0::/docker/${APP}`] })),
      false,
    ],
    [
      'what has that path in mounts of its own',
      said(onNode({ exe: '/usr/bin/backup', host_ns: ['pid', 'net'] })),
      false,
    ],
    ['a process of whose mounts nothing is known', said(onNode({ exe: '/usr/bin/backup', host_ns: undefined })), true],
    ["what put itself into a pod's group", said(opener({ exe: '/usr/bin/backup', ancestors: [BASH, INIT] })), false],
    ['a program that was deleted', said(onNode({ exe: '/usr/bin/backup (deleted)' })), false],
  ])('by a program alone: %s', (_, who, is) => {
    expect(allows({ executable: '/usr/bin/backup' }, who)).toBe(is);
  });

  it('until they expire', () => {
    expect(allows({ executable: '/usr/bin/backup', expires: '2026-11-23' }, backup)).toBe(true);
    expect(allows({ executable: '/usr/bin/backup', expires: '2026-11-22' }, backup)).toBe(false);
  });

  it('nobody by default', () => {
    expect(policyOf({}).allowedReader(agent)).toBeUndefined();
    expect(policyOf({}).allowedReader(backup)).toBeUndefined();
  });
});

it('learningHours', () => {
  expect(policyOf({}).learningPeriod).toBe(24 * HOUR);
  expect(policyOf({ learningHours: 2 }).learningPeriod).toBe(2 * HOUR);
});
