/**
 * Reads vitest's JSON report and prints `N passed, N failed`. A file that could not be run counts as one failure.
 * Fails when a test failed, when there is no report, and when no test passed.
 */
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
try {
  const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  passed = Number(report.numPassedTests ?? 0);
  failed = Number(report.numFailedTests ?? 0);
  for (const file of report.testResults ?? []) {
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) failed += 1;
  }
} catch (error) {
  console.error(`no test report: ${error.message}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
