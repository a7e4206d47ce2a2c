/**
 * The servers in Java that tests run against, out of Maven Central.
 *
 * - `node dist/scripts/test-jars.js` downloads what the lists in test/support/ name, checked, into the cache.
 * - `node dist/scripts/test-jars.js --list kafka 4.4.0` makes the list of a version anew. It needs Maven, to resolve what
 *   that server depends on, and is for whoever brings in another version.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { download, ensureJars, type Jar, sha256 } from '../test/support/jars.ts';
import { KAFKA_VERSIONS, kafkaList } from '../test/support/kafka/jars.ts';
import { jarsOf } from '../test/support/search/engines.ts';

/** A server in its versions. */
interface Server {
  lists: readonly string[];
  listOf(version: string): string;
  /** What it is made of: `<group>:<artifact>:<version>`. */
  artifacts(version: string): string[];
}

const SERVERS: Readonly<Record<string, Server>> = {
  kafka: {
    lists: KAFKA_VERSIONS.map(kafkaList),
    listOf: (version) => `test/support/kafka/${version}.json`,
    artifacts: (version) => [
      `org.apache.kafka:kafka_2.13:${version}`,
      // What Kafka logs with is not among its dependencies; this one writes to stderr.
      'org.slf4j:slf4j-simple:1.7.36',
    ],
  },
  opensearch: {
    lists: [jarsOf('OpenSearch')],
    listOf: (version) => `test/support/search/opensearch-${version}.json`,
    artifacts: (version) => searchEngine('org.opensearch', 'opensearch', version, '2.25.4'),
  },
  // Under the Elastic License 2.0: for tests to run, never to be passed on.
  elasticsearch: {
    lists: [jarsOf('Elasticsearch')],
    listOf: (version) => `test/support/search/elasticsearch-${version}.json`,
    artifacts: (version) => searchEngine('org.elasticsearch', 'elasticsearch', version, '2.17.1'),
  },
};

const [option, name = '', version] = process.argv.slice(2);
const server = SERVERS[name];
if (option === '--list' && server && version !== undefined) {
  await writeList(server.listOf(version), server.artifacts(version));
} else {
  for (const list of Object.values(SERVERS).flatMap(({ lists }) => lists))
    console.log(`${list}: ${(await ensureJars(list)).length} jars`);
}

/** @param logging the version of Log4j that it is made for, whose core is not among its dependencies */
function searchEngine(group: string, artifact: string, ofThat: string, logging: string): string[] {
  return [
    `${group}:${artifact}:${ofThat}`,
    `${group}.plugin:transport-netty4-client:${ofThat}`,
    `${group}.plugin:mapper-extras-client:${ofThat}`,
    `org.apache.logging.log4j:log4j-core:${logging}`,
  ];
}

async function writeList(file: string, wanted: string[]): Promise<void> {
  const jars: Jar[] = [];
  for (const coordinates of resolve(wanted)) {
    jars.push({ coordinates, sha256: sha256(await download(coordinates)) });
  }
  writeFileSync(file, `${JSON.stringify(jars, null, 2)}\n`);
  console.log(`${file}: ${jars.length} jars`);
}

/** These and all that they need at run time. */
function resolve(wanted: string[]): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'test-jars-'));
  try {
    const dependencies = wanted.map((coordinates) => {
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
