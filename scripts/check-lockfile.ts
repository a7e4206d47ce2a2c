/** `npm run check:lockfile`: fails when `npm ci` would refuse package-lock.json; with `--write` it puts it right. */
import { readFileSync, writeFileSync } from 'node:fs';
import { completed, type Lockfile, leftOut } from './lockfile.ts';

const FILE = 'package-lock.json';

const lockfile = JSON.parse(readFileSync(FILE, 'utf8')) as Lockfile;
const left = leftOut(lockfile);
if (process.argv.includes('--write')) writeFileSync(FILE, `${JSON.stringify(completed(lockfile), null, 2)}\n`);
else for (const { name } of left) console.error(`${FILE} lacks ${name}: run npm run lockfile`);
console.log(`lockfile: ${Object.keys(lockfile.packages).length} packages, ${left.length} were left out`);
if (left.length > 0 && !process.argv.includes('--write')) process.exit(1);
