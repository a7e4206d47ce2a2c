import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReadProfilesFile } from '../../agent/read-profiles-file.ts';
import { ReadProfiles } from '../../shared/detection/reads/profiles.ts';
import { DAY } from '../../shared/time.ts';
import { silent } from '../audit-file/lab.ts';
import { openLine, readOf } from './reads.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'truant-profiles-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = async () => {
  const profiles = new ReadProfiles({ learningPeriod: DAY });
  const file = createReadProfilesFile({ folder, profiles, logger: silent });
  await file.start();
  return { profiles, file };
};

test('what was learned outlives the agent', async () => {
  const before = await open();
  for (let second = 0; second < 20; second += 1) before.profiles.learn(readOf(openLine(second)));
  const stranger = readOf(openLine(30, { exe: '/tmp/x' }));
  expect(before.profiles.judge(stranger)).toBe('new');
  await before.file.stop();

  const after = await open();
  expect(after.profiles.judge(readOf(openLine(31)))).toBe('familiar');
  expect(after.profiles.judge(stranger)).toBe('new');
  expect(after.profiles.judge(readOf(openLine(100_000, { exe: '/tmp/x' })))).toBe('unfamiliar');
  await after.file.stop();
});

test('nothing is written where nothing was learned', async () => {
  const { file } = await open();
  await file.stop();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  '{"profiles": 1}',
  '',
  '{"profiles":[["k",{"first":0,"reads":-1,"familiar":[],"strange":[]}]],"watched":[]}',
])('a file with %j in it is set aside, and learning begins anew', async (content) => {
  const path = join(folder, 'read-profiles.json');
  writeFileSync(path, content);
  const { profiles, file } = await open();
  expect(profiles.judge(readOf(openLine(0)))).toBe('learning');
  expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(content);
  await file.stop();
  expect(existsSync(path)).toBe(false);
});
