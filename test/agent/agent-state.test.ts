import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentState } from '../../agent/agent-state.ts';
import { AuditCheckpoint } from '../../agent/sources/audit-file/checkpoint.ts';
import type { Pause } from '../../shared/component/backoff.ts';
import { silent } from '../audit-file/lab.ts';

const HERE: AuditCheckpoint = { version: 1, after: null, file: null };
const never = new AbortController().signal;

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'truant-state-'));
  folder = join(root, 'state');
});

afterEach(() => rmSync(root, { recursive: true }));

const open = (pause?: Pause) =>
  AgentState.open({ folder, place: AuditCheckpoint, logger: silent, ...(pause && { pause }) });
const onDisk = () => JSON.parse(readFileSync(join(folder, 'audit-file.json'), 'utf8')) as Record<string, unknown>;
/** Where a save first writes to: while this is a folder, none succeeds, not even root's. */
const obstacle = () => join(folder, 'audit-file.json.new');

describe('the state of an agent', () => {
  test('is on disk as soon as it is open, so that a restart goes on with the same stream', async () => {
    const first = await open();
    expect(onDisk()).toEqual({ checkpoint: null, position: 0, stream: first.stream });
    // Killed: not even the lock was given free.
    rmSync(join(folder, readdirSync(folder).find((name) => name.startsWith('lock.')) as string));
    const again = await open();
    expect(again.stream).toBe(first.stream);
    expect(again.checkpoint).toBeUndefined();
    await again.close();
  });

  test('comes back as it was advanced; without a new place in the log the old one stays', async () => {
    const first = await open();
    await first.advance(5, HERE, never);
    await first.advance(7, undefined, never);
    await first.close();
    const again = await open();
    expect([again.stream, again.position, again.checkpoint]).toEqual([first.stream, 7, HERE]);
    await again.close();
  });

  test.each([
    ['its parent is a file', () => writeFileSync(folder, '')],
    ['it cannot be written to', () => mkdirSync(obstacle(), { recursive: true })],
  ])('is not opened when %s', async (_because, prepare) => {
    prepare();
    await expect(open()).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining(folder),
      remedy: expect.stringContaining('agent.stateDir'),
    });
    // Nothing is kept from whoever comes after it was put right.
    rmSync(folder, { recursive: true });
    await (await open()).close();
  });

  test('has one owner', async () => {
    const state = await open();
    await expect(open()).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await state.close();
    await (await open()).close();
  });

  test('that is unreadable is set aside, and a new stream begun', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'audit-file.json'), '{"position":');
    const state = await open();
    expect(state.setAside).toBe(join(folder, 'audit-file.json.corrupt'));
    expect(onDisk()).toMatchObject({ position: 0, stream: state.stream });
    await state.close();
  });

  test('that cannot be saved is tried again until it can, and says so meanwhile', async () => {
    const troubles: (string | undefined)[] = [];
    const pauses: number[] = [];
    const state = await open(async (ms) => {
      troubles.push(state.trouble);
      pauses.push(ms);
      if (pauses.length === 4) rmdirSync(obstacle());
    });
    mkdirSync(obstacle());
    await state.advance(9, HERE, never);
    expect(troubles).toEqual(Array.from({ length: 4 }, () => expect.stringContaining("can't be written")));
    expect(pauses.map((ms, n) => ms >= 250 * 2 ** n && ms <= 500 * 2 ** n)).toEqual([true, true, true, true]);
    expect(state.trouble).toBeUndefined();
    expect(onDisk()).toMatchObject({ position: 9, checkpoint: HERE });
    await state.close();
  });

  test('that cannot be saved does not keep the agent from stopping, though one more try is made', async () => {
    const stop = new AbortController();
    const state = await open(async () => stop.abort());
    mkdirSync(obstacle());
    await state.advance(9, HERE, stop.signal);
    expect(onDisk()).toMatchObject({ position: 0 });
    rmdirSync(obstacle());
    await state.advance(9, HERE, stop.signal);
    expect(onDisk()).toMatchObject({ position: 9 });
    await state.close();
  });
});
