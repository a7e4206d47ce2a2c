import { describe, expect, test } from 'vitest';
import { importsOf, violations } from '../../scripts/import-rules.ts';

const check = (file: string, source: string) => violations(new Map([[file, source]]));

describe('forbidden imports', () => {
  test.each([
    { file: 'shared/detection/engine.ts', source: `import { tail } from '../../agent/sources/audit-file/tail.ts';` },
    { file: 'shared/telemetry/logger.ts', source: `import type { Store } from '../../collector/store/store.ts';` },
    { file: 'shared/time.ts', source: `export * from '../cli/main.ts';` },
    { file: 'agent/main.ts', source: `import { receive } from '../collector/receive/http/receive.ts';` },
    { file: 'collector/main.ts', source: `const spool = await import('../agent/spool/spool.ts');` },
    { file: 'collector/main.ts', source: `import '../cli/main.ts';` },
    { file: 'agent/main.ts', source: `import { x } from '../test/fixtures/x.ts';` },
    { file: 'collector/web/page/api/a.ts', source: `import { Alert } from '../../../../shared/schema/alert.ts';` },
    { file: 'collector/web/page/api/a.ts', source: `import { readQuery } from '../../../server/input.ts';` },
    { file: 'collector/web/page/api/a.ts', source: `import { z } from 'zod';` },
    { file: 'collector/web/page/app.tsx', source: `import { isIP } from 'node:net';` },
    { file: 'collector/web/assets.ts', source: `import { get } from './page/api/client.ts';` },
  ])('$file: $source', ({ file, source }) => {
    expect(check(file, source)).toHaveLength(1);
  });

  test.each([
    `import { readFile } from 'node:fs/promises';`,
    `import fs from 'fs';`,
    `import type { Logger } from 'pino';`,
    `import {\n  KubeConfig,\n  Watch,\n} from '@kubernetes/client-node';`,
    `import { connect } from 'node:net';`,
    `import { isIP, connect } from 'node:net';`,
    `import net from 'node:net';`,
    `import * as net from 'node:net';`,
    `export { request } from 'undici';`,
    `import 'node:child_process';`,
    `const http = await import('node:http');`,
    `const require = createRequire(import.meta.url); const fs = require("fs");`,
    `import { createLogger } from '../telemetry/logger.ts';`,
    `import { runComponents } from '../component/run.ts';`,
    `import manifest from '../../package.json' with { type: 'json' };`,
  ])('in pure code: %s', (source) => {
    expect(check('shared/detection/engine.ts', source)).toHaveLength(1);
  });

  test('a part is wired only by a topology', () => {
    const source = `import { auditFile } from './sources/audit-file/source.ts';`;
    expect(check('agent/main.ts', source)).toHaveLength(1);
    expect(check('agent/topology.ts', source)).toEqual([]);
    expect(check('agent/pipeline.ts', `import type { Batch } from './sources/audit-file/source.ts';`)).toEqual([]);
    expect(check('agent/sources/token-files/watch.ts', `import { x } from '../audit-file/tail.ts';`)).toHaveLength(1);
    expect(check('agent/sources/audit-file/source.ts', `import { x } from './tail.ts';`)).toEqual([]);
    expect(check('agent/sources/audit-file/source.ts', `import { Source } from '../source.ts';`)).toEqual([]);
    expect(check('cli/commands/hunt.ts', `import { x } from '../../agent/sources/audit-file/read.ts';`)).toEqual([]);
  });
});

test('what is allowed in the page', () => {
  for (const source of [
    `import { render } from 'preact';`,
    `import { printable } from '../../../shared/text.ts';`,
    `import type { Alert } from '../../../shared/schema/alert.ts';`,
    `import type { AlertsPage } from '../../query/schemas/alerts.ts';`,
    `import { get } from './api/client.ts';`,
  ]) {
    expect(check('collector/web/page/app.tsx', source), source).toEqual([]);
  }
  expect(check('test/page/search.test.ts', `import { x } from '../../collector/web/page/search.ts';`)).toEqual([]);
});

test('what is allowed', () => {
  for (const source of [
    `import { z } from 'zod';`,
    `import { createHash } from 'node:crypto';`,
    `import { isIPv4, isIPv6 as v6 } from 'node:net';`,
    `import type { Alert } from '../schema/alert.ts';`,
    `// import { readFile } from 'node:fs';`,
    `/**\n * import { readFile } from 'node:fs';\n */`,
  ]) {
    expect(check('shared/detection/engine.ts', source), source).toEqual([]);
  }
  expect(check('shared/telemetry/logger.ts', `import { pino } from 'pino';`)).toEqual([]);
  expect(check('agent/topology.ts', `import { pino } from 'pino';\nimport { z } from '../shared/time.ts';`)).toEqual(
    [],
  );
  expect(check('test/x.test.ts', `import { main } from '../cli/main.ts';`)).toEqual([]);
});

test('importsOf reads every form of an import', () => {
  const source = [
    `import a, { b } from 'one';`,
    `import { type C, d as e } from "two";`,
    `export type { F } from 'three';`,
    `import 'four';`,
    `const g = await import('five');`,
    `import type H from 'six';`,
  ].join('\n');
  expect(importsOf(source)).toEqual([
    { specifier: 'one', typeOnly: false, names: null },
    { specifier: 'two', typeOnly: false, names: ['C', 'd'] },
    { specifier: 'three', typeOnly: true, names: ['F'] },
    { specifier: 'six', typeOnly: true, names: null },
    { specifier: 'four', typeOnly: false, names: null },
    { specifier: 'five', typeOnly: false, names: null },
  ]);
});
