/** What axe-core, run in the page, has to say against it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations that are serious or critical, each with the first element that it is about. */
export async function violationsIn(page: Page): Promise<string[]> {
  // Evaluated by the debugger, it needs no leave of the page's policy.
  await page.evaluate(SOURCE);
  const results = await page.evaluate<AxeResults>(
    'axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })',
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes: [first] }) => `${id}: ${help}: ${first?.html ?? ''} ${first?.failureSummary ?? ''}`);
}
