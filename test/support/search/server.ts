/** A real OpenSearch or Elasticsearch of one node as a process of its own, without what they have for security. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../free-ports.ts';
import { ensureJars } from '../jars.ts';
import { startJava, whyNot } from '../java.ts';
import type { RunningProcess } from '../process.ts';
import { jarsOf, SEARCH_ENGINES, type SearchEngine } from './engines.ts';

export interface SearchServer {
  readonly engine: SearchEngine;
  /** The same after a restart. */
  readonly url: string;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Its answer to JSON, or to lines of it. @throws Error with what it says where that is no success */
  ask<T = unknown>(method: string, path: string, body?: object): Promise<T>;
  dispose(): Promise<void>;
}

const START_MS = 90_000;
const JVM = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** Undefined: it can be run here. */
export const whyNoSearch: Readonly<Record<SearchEngine, string | undefined>> = {
  OpenSearch: await whyNot('OpenSearch', [jarsOf('OpenSearch')]),
  Elasticsearch: await whyNot('Elasticsearch', [jarsOf('Elasticsearch')]),
};

/** For the name of tests that are skipped. */
export function becauseNoSearch(engine: SearchEngine): string {
  const why = whyNoSearch[engine];
  return why === undefined ? '' : ` (skipped: ${why})`;
}

/** One that answers already. */
export async function startSearch(engine: SearchEngine): Promise<SearchServer> {
  const { version, packages } = SEARCH_ENGINES[engine];
  const classPath = (await ensureJars(jarsOf(engine))).join(':');
  const folder = mkdtempSync(path.join(tmpdir(), `truant-${engine.toLowerCase()}-`));
  const [http, transport] = await freePorts(2);
  const url = `http://127.0.0.1:${http}`;
  const source = path.join(folder, 'Server.java');
  // One comes from the other: but for the names of their packages it is the same program.
  const program = readFileSync('test/support/search/Server.java', 'utf8');
  writeFileSync(source, program.replaceAll(SEARCH_ENGINES.OpenSearch.packages, packages));
  let running: RunningProcess | undefined;

  const start = async (): Promise<void> => {
    const started = startJava(['-cp', classPath, ...JVM, source, folder, String(http), String(transport)]);
    running = started;
    await answers(`${url}/_cluster/health?wait_for_no_initializing_shards=true`, started.isAlive).catch(
      (error: unknown) => {
        throw new Error(`${engine} ${version} did not start: ${started.log()}`, { cause: error });
      },
    );
  };
  const kill = async (): Promise<void> => running?.end('SIGKILL');
  await start();
  return {
    engine,
    url,
    start,
    kill,
    ask: async <T>(method: string, where: string, body?: object) => {
      const response = await fetch(`${url}${where}`, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${where} answers ${response.status}: ${text}`);
      return JSON.parse(text) as T;
    },
    dispose: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, isAlive: () => boolean): Promise<void> {
  const until = Date.now() + START_MS;
  for (;;) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    if (!isAlive()) throw new Error('it ended');
    if (Date.now() > until) throw new Error('it does not answer');
    await delay(50);
  }
}
