/** `npm run check:imports`: fails when a file imports what `import-rules.ts` forbids. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { violations } from './import-rules.ts';

const FOLDERS = ['agent', 'collector', 'shared', 'cli', 'scripts', 'test'];
const SOURCE = /\.(?:[cm]?ts|[cm]?js|tsx)$/;

const names = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name).split(path.sep).join('/')),
);
const broken = violations(new Map(names.map((name) => [name, readFileSync(name, 'utf8')])));
for (const { file, imports, because } of broken) console.error(`${file}: imports ${imports}: ${because}`);
console.log(`imports: ${names.length} files, ${broken.length} in breach of the rules`);
// A check that has looked at nothing has shown nothing.
if (broken.length > 0 || names.length === 0) process.exit(1);
