import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../.ci/closing-line.mjs', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'truant-closing-line-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function closingLine(report: unknown): { line: string | undefined; status: number | null } {
  const file = path.join(folder, 'report.json');
  writeFileSync(file, JSON.stringify(report));
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT, file], { encoding: 'utf8' });
  return { line: stdout.trimEnd().split('\n').at(-1), status };
}

const passed = { status: 'passed' };
const failed = { status: 'failed' };

describe('the closing line of continuous integration', () => {
  test('all passed', () => {
    const report = {
      numPassedTests: 2,
      numFailedTests: 0,
      testResults: [{ ...passed, assertionResults: [passed, passed] }],
    };
    expect(closingLine(report)).toEqual({ line: '2 passed, 0 failed', status: 0 });
  });

  test('a failed test', () => {
    const report = {
      numPassedTests: 1,
      numFailedTests: 1,
      testResults: [{ ...failed, assertionResults: [passed, failed] }],
    };
    expect(closingLine(report)).toEqual({ line: '1 passed, 1 failed', status: 1 });
  });

  test('a file that could not be run counts as one failure', () => {
    const report = { numPassedTests: 1, numFailedTests: 0, testResults: [{ ...failed, assertionResults: [] }] };
    expect(closingLine(report)).toEqual({ line: '1 passed, 1 failed', status: 1 });
  });

  test('no tests, or no report, is a failure', () => {
    expect(closingLine({ numPassedTests: 0, numFailedTests: 0, testResults: [] }).status).toBe(1);
    expect(closingLine('')).toEqual({ line: '0 passed, 0 failed', status: 1 });
  });
});
