/**
 * `npm run generate` writes the files that are made from the code; with `--check` it writes nothing and fails when one
 * is not what would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configurationReference } from './generators/configuration.ts';
import { envelopeSchema } from './generators/envelope.ts';
import type { Generator } from './generators/generator.ts';
import { noticeSchema } from './generators/notice.ts';
import { openApiDocument } from './generators/open-api.ts';
import { ruleCatalogue } from './generators/rules.ts';

const generators: readonly Generator[] = [
  configurationReference,
  envelopeSchema,
  noticeSchema,
  openApiDocument,
  ruleCatalogue,
];

const checking = process.argv.includes('--check');
let stale = 0;
for (const generate of generators) {
  const { path: file, content } = await generate();
  const current = read(file) === content;
  if (!current && checking) {
    console.error(`${file} is not current: run npm run generate`);
    stale += 1;
  } else if (!current) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    console.log(`${file} written`);
  }
}
console.log(`generated files: ${generators.length}, ${stale} not current`);
if (stale > 0) process.exit(1);

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
