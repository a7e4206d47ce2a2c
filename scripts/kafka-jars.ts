/**
 * The Kafka that tests run against, out of Maven Central.
 *
 * - `node dist/scripts/kafka-jars.js` downloads what the lists in test/support/kafka/ name, checked, into the cache.
 * - `node dist/scripts/kafka-jars.js --list 4.4.0` makes the list of a version anew. It needs Maven, to resolve what
 *   Kafka depends on, and is for whoever brings in another version.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { download, ensureJars, type Jar, KAFKA_VERSIONS, sha256 } from '../test/support/kafka/jars.ts';

/** What Kafka logs with is not among its dependencies; this one writes to stderr. */
const LOGGING = 'org.slf4j:slf4j-simple:1.7.36';

const [option, version] = process.argv.slice(2);
if (option === '--list' && version !== undefined) await writeList(version);
else for (const known of KAFKA_VERSIONS) console.log(`Kafka ${known}: ${(await ensureJars(known)).length} jars`);

async function writeList(version: string): Promise<void> {
  const jars: Jar[] = [];
  for (const coordinates of resolve(version)) {
    jars.push({ coordinates, sha256: sha256(await download(coordinates)) });
  }
  const file = `test/support/kafka/${version}.json`;
  writeFileSync(file, `${JSON.stringify(jars, null, 2)}\n`);
  console.log(`${file}: ${jars.length} jars`);
}

/** `<group>:<artifact>:<version>` of the broker and all that it needs at run time. */
function resolve(version: string): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-jars-'));
  try {
    const dependencies = [`org.apache.kafka:kafka_2.13:${version}`, LOGGING].map((coordinates) => {
      const [group, artifact, ofThat] = coordinates.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${ofThat}</version></dependency>`;
    });
    writeFileSync(
      path.join(folder, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
      <groupId>list</groupId><artifactId>list</artifactId><version>1</version>
      <dependencies>${dependencies.join('')}</dependencies></project>`,
    );
    const list = path.join(folder, 'list.txt');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:list';
    execFileSync('mvn', ['-B', '-q', goal, '-DincludeScope=runtime', `-DoutputFile=${list}`], { cwd: folder });
    return [...readFileSync(list, 'utf8').matchAll(/^ +([^:\s]+):([^:]+):jar:([^:]+):(?:compile|runtime)/gm)]
      .map(([, group, artifact, ofThat]) => `${group}:${artifact}:${ofThat}`)
      .toSorted((a, b) => (a < b ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
