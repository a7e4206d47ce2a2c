/** Jars of servers to test with: pinned by checksum, fetched from Maven Central once, kept in a folder that outlives `npm ci`. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const Jar = z.object({ coordinates: z.string().regex(/^[^:]+:[^:]+:[^:]+$/), sha256: z.string().length(64) });
/** `<group>:<artifact>:<version>`, and the hash of its jar in hex. */
export type Jar = z.infer<typeof Jar>;

const CENTRAL = 'https://repo1.maven.org/maven2';
const ATTEMPT_MS = 120_000;
/** At a time: the connections of one polite client. */
const PARALLEL = 4;

const cacheFolder = (): string => process.env['TRUANT_JAR_CACHE'] ?? path.join(homedir(), '.cache', 'truant', 'jars');

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/**
 * @param list a file of what a server and all that it needs at run time are, made by scripts/test-jars.ts
 * @returns where its jars are, checked, for a class path
 */
export async function ensureJars(list: string): Promise<string[]> {
  const wanted = z.array(Jar).parse(JSON.parse(await readFile(path.resolve(list), 'utf8')));
  const queue = wanted.values();
  await mkdir(cacheFolder(), { recursive: true });
  const fetchRest = async (): Promise<void> => {
    for (const jar of queue) await ensureJar(jar);
  };
  await Promise.all(Array.from({ length: PARALLEL }, fetchRest));
  return wanted.map(fileOf);
}

/** A file bears its hash as its name: two versions that share a jar share the file. */
const fileOf = (jar: Jar): string => path.join(cacheFolder(), `${jar.sha256}.jar`);

async function ensureJar(jar: Jar): Promise<void> {
  const kept = await readFile(fileOf(jar)).catch(() => undefined);
  if (kept && sha256(kept) === jar.sha256) return;
  const content = await download(jar.coordinates);
  const found = sha256(content);
  if (found !== jar.sha256) throw new Error(`${jar.coordinates} has the hash ${found}, not ${jar.sha256}`);
  // Whole or not at all: other test files may be after the same jar.
  const partial = `${fileOf(jar)}.${randomUUID()}`;
  await writeFile(partial, content);
  await rename(partial, fileOf(jar));
}

export async function download(coordinates: string): Promise<Uint8Array> {
  const [group = '', artifact = '', version = ''] = coordinates.split(':');
  const url = `${CENTRAL}/${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}.jar`;
  const response = await fetch(url, { signal: AbortSignal.timeout(ATTEMPT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
