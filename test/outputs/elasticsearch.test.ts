/** Indices of a real OpenSearch and a real Elasticsearch: what is in them, what is found there, and what is said when something is wrong with them. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createElasticsearchOutput } from '../../collector/outputs/elasticsearch/elasticsearch-output.ts';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import type { Message, Outcome, Output } from '../../collector/outputs/output.ts';
import { ecs } from '../../shared/formats/ecs.ts';
import type { Format } from '../../shared/formats/format.ts';
import { native } from '../../shared/formats/native.ts';
import type { Notice } from '../../shared/formats/notice.ts';
import { ocsf } from '../../shared/formats/ocsf.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { alert } from '../collector/support/make.ts';
import { arbitraryNotice, noticeOf, summary } from '../formats/support/notices.ts';
import { recordedAlerts } from '../formats/support/recorded-alerts.ts';
import type { SearchEngine } from '../support/search/engines.ts';
import { becauseNoSearch, type SearchServer, startSearch, whyNoSearch } from '../support/search/server.ts';
import { message } from './output-contract.ts';
import { Front } from './support/front.ts';
import { documentsOf, search } from './support/search-index.ts';
import { elasticsearchSettings } from './support/settings.ts';

const FORMATS: readonly Format[] = [ecs, native, ocsf];
const never = new AbortController().signal;

const messageOf = (format: Format, notice: Notice): Message => ({
  notice,
  text: notice.kind === 'alert' ? format.alert(notice) : format.summary(notice),
});

/** The searches of the documentation, by format. */
async function documentedSearches(): Promise<Map<string | undefined, object>> {
  const page = await readFile('docs/outputs/elasticsearch.md', 'utf8');
  const blocks = [...page.matchAll(/^(\w+):\n\n```json\n(.*?)```$/gms)];
  return new Map(blocks.map(([, name, json = '']) => [name, JSON.parse(json) as object]));
}

async function template(name: string): Promise<object> {
  return JSON.parse(await readFile(`deploy/elasticsearch/${name}.json`, 'utf8')) as object;
}

describeIndices('OpenSearch', true);
describeIndices('Elasticsearch', false);

function describeIndices(engine: SearchEngine, hasStreams: boolean): void {
  const becauseNoStreams = hasStreams ? '' : ' (skipped: its data streams are not published as jars)';
  describe.skipIf(whyNoSearch[engine] !== undefined)(`${engine}${becauseNoSearch(engine)}`, () => {
    let server: SearchServer;
    beforeAll(async () => {
      server = await startSearch(engine);
    });
    afterAll(() => server.dispose());
    afterEach(async () => {
      if (hasStreams) await server.ask('DELETE', '/_data_stream/*');
      await server.ask('DELETE', '/_index_template/*');
      await server.ask('DELETE', '/_all');
    });

    const outputTo = (index: string, more: object = {}): Output =>
      createElasticsearchOutput({
        settings: elasticsearchSettings({ url: server.url, index, ...more }),
        environment: { KEY: 'c2VjcmV0OnNlY3JldA' },
      });
    const deliver = async (output: Output, ...messages: Message[]): Promise<Outcome[]> => {
      const outcomes: Outcome[] = [];
      for (let at = 0; at < messages.length; at += output.maxBatch)
        outcomes.push(...(await output.deliver(messages.slice(at, at + output.maxBatch), never)));
      return outcomes;
    };
    const newIndex = (): string => `truant-alerts-${randomUUID()}`;

    async function failureOf(delivering: Promise<unknown>): Promise<Pick<OutputFailure, 'reason' | 'of' | 'message'>> {
      const error = await delivering.then(
        () => expect.fail('it was delivered'),
        (caught: unknown) => caught,
      );
      expect(error).toBeInstanceOf(OutputFailure);
      const { reason, of, message: said, remedy } = error as OutputFailure;
      return { reason, of, message: `${said} ${remedy}` };
    }

    describe.each(FORMATS)('with the template of $name', (format) => {
      const file = format === ecs ? engine.toLowerCase() : format.name;

      test.each(['latest', 'append'])('takes the alerts of the recordings, and finds them: %s', async (mode) => {
        const index = newIndex();
        const isStream = hasStreams && mode === 'append';
        await server.ask('PUT', '/_index_template/truant-alerts', {
          ...(await template(file)),
          ...(isStream && { data_stream: {} }),
        });
        const alerts = await recordedAlerts();
        const output = outputTo(index, { mode });
        const messages = [...alerts.map((each) => noticeOf(each)), summary].map((notice) => messageOf(format, notice));
        expect(await deliver(output, ...messages)).toEqual(messages.map(() => undefined));
        expect(await documentsOf(server, index)).toHaveLength(messages.length);

        const body = (await documentedSearches()).get(format.name) ?? {};
        const wanted = alerts.filter(isWanted).map((each) => messageOf(format, noticeOf(each)).text);
        const found = (await search(server, index, body)).map(withoutTimestamp);
        expect(wanted.length).toBeGreaterThan(2);
        expect(wanted.length).toBeLessThan(alerts.length);
        expect(found).toEqual(wanted.map((text) => withoutTimestamp(JSON.parse(text))));
      });

      test('takes alerts whose every text somebody hostile has chosen', async () => {
        const index = newIndex();
        const body = await template(file);
        await server.ask('PUT', '/_index_template/truant-alerts', body);
        const notices = fc.sample(arbitraryNotice, { numRuns: 300, seed: 6 });
        const messages = notices.map((notice) => messageOf(format, notice));
        const output = outputTo(index, { mode: 'append' });
        expect(await deliver(output, ...messages)).toEqual(messages.map(() => undefined));
        const mapping = await server.ask<Record<string, { mappings: object }>>('GET', `/${index}/_mapping`);
        expect(fieldsOf(mapping[index]?.mappings)).toEqual(fieldsOf(mappingsOf(body)));
      });
    });

    test('an older state never replaces a newer one; what is sent twice is there once', async () => {
      const index = newIndex();
      const output = outputTo(index);
      const states = [1, 3, 2, 3].map((revision) => message('a1', { revision, title: `state ${revision}` }));
      expect(await deliver(output, ...states)).toEqual([undefined, undefined, undefined, undefined]);
      const found = (await documentsOf(server, index)) as { alert: Alert }[];
      expect(found.map((document) => document.alert.title)).toEqual(['state 3']);
    });

    test('that an alert is closed replaces that it is new, in the same revision', async () => {
      const index = newIndex();
      const output = outputTo(index);
      const closed = alert('a1', { status: 'closed' });
      await deliver(
        output,
        messageOf(native, noticeOf(closed)),
        messageOf(native, noticeOf(closed, { event: 'close' })),
      );
      expect(await documentsOf(server, index)).toMatchObject([{ event: 'close' }]);
    });

    test('the same alert id in two clusters is two documents', async () => {
      const index = newIndex();
      const of = (cluster: string): Message => messageOf(native, noticeOf(alert('a1', { cluster })));
      await deliver(outputTo(index), of('prod'), of('test'));
      expect(await documentsOf(server, index)).toHaveLength(2);
    });

    test('ids of any length and kind are taken', async () => {
      const index = newIndex();
      const ids = ['x'.repeat(600), `${'y'.repeat(506)}é`, ' a/b?c#d%20 "quoted"\n', '_hidden', '.', 'ünï\ud800'];
      for (const mode of ['latest', 'append']) {
        const messages = ids.map((id) => message(id));
        const output = outputTo(`${index}-${mode}`, { mode });
        for (let times = 0; times < 2; times++)
          expect(await deliver(output, ...messages)).toEqual(ids.map(() => undefined));
        expect(await documentsOf(server, `${index}-${mode}`)).toHaveLength(ids.length);
      }
    });

    test('an index that is not there, and may not be made, is named', async () => {
      const setting = (value: unknown) =>
        server.ask('PUT', '/_cluster/settings', { persistent: { 'action.auto_create_index': value } });
      await setting('false');
      try {
        const failure = await failureOf(deliver(outputTo('truant-nowhere'), message('a1')));
        expect(failure).toMatchObject({ reason: 'not-found', of: 'output' });
        expect(failure.message).toMatch(
          /has no truant-nowhere.*\(404\).*index_not_found_exception.*Create truant-nowhere/,
        );
      } finally {
        await setting(null);
      }
    });

    test.skipIf(!hasStreams)(`a data stream wants another mode, which is said${becauseNoStreams}`, async () => {
      const index = newIndex();
      await server.ask('PUT', '/_index_template/truant-alerts', { ...(await template('native')), data_stream: {} });
      const failure = await failureOf(deliver(outputTo(index), message('a1')));
      expect(failure).toMatchObject({ reason: 'protocol', of: 'output' });
      expect(failure.message).toContain('Set mode to append');
    });

    test('an index that is blocked, as on a full disk, is waited for', async () => {
      const index = newIndex();
      const output = outputTo(index);
      await deliver(output, message('a1'));
      const block = (value: boolean | null) =>
        server.ask('PUT', `/${index}/_settings`, { 'index.blocks.read_only_allow_delete': value });
      await block(true);
      expect(await failureOf(deliver(output, message('a2')))).toMatchObject({ reason: 'busy', of: 'output' });
      await block(null);
      expect(await deliver(output, message('a2'))).toEqual([undefined]);
    });

    test('of a batch only what does not fit the mapping is refused', async () => {
      const index = newIndex();
      const properties = { alert: { properties: { title: { type: 'integer' } } } };
      await server.ask('PUT', `/${index}`, { mappings: { properties } });
      const outcomes = await deliver(
        outputTo(index),
        message('a1', { title: '1' }),
        message('a2', { title: 'two' }),
        message('a3', { title: '3' }),
      );
      expect(outcomes.map((outcome) => [outcome?.reason, outcome?.of])).toEqual([
        [undefined, undefined],
        ['rejected', 'message'],
        [undefined, undefined],
      ]);
      expect(outcomes[1]?.message).toMatch(
        /does not take this message.*\(400\).*mapper_parsing_exception.*alert\.title/,
      );
      expect(await documentsOf(server, index)).toHaveLength(2);
    });

    test('a batch that is too large is sent in halves, and what is too large alone is refused', async () => {
      const index = newIndex();
      const front = await Front.start(server.url);
      const output = createElasticsearchOutput({
        settings: elasticsearchSettings({ url: `${front.url}/`, index }),
        environment: {},
      });
      front.instead.push({ status: 413, body: '' }, { status: 413, body: '' }, { status: 413, body: '' });
      const outcomes = await deliver(output, message('a1'), message('a2'), message('a3'));
      expect(outcomes.map((outcome) => outcome?.reason)).toEqual(['too-large', undefined, undefined]);
      expect(await documentsOf(server, index)).toHaveLength(2);
      await front.stop();
    });

    test.each([
      { name: 'an API key', credentials: { apiKey: { variable: 'KEY' } } },
      { name: 'a user', credentials: { username: 'truant', password: { variable: 'KEY' } } },
    ])('$name that is not known is said, and never shown', async ({ credentials }) => {
      const front = await Front.start(server.url, { authorization: 'ApiKey other' });
      const output = createElasticsearchOutput({
        settings: elasticsearchSettings({ url: front.url, ...credentials }),
        environment: { KEY: 'c2VjcmV0OnNlY3JldA' },
      });
      const failure = await failureOf(deliver(output, message('a1')));
      expect(failure).toMatchObject({ reason: 'authentication', of: 'output' });
      expect(failure.message).toMatch(/\(?401\)?.*missing authentication credentials.*API key/);
      expect(failure.message).not.toContain('c2Vj');
      await front.stop();
    });
  });
}

/** What the documented searches ask for. */
const isWanted = ({ severity, principal, sources }: Alert): boolean =>
  (severity === 'high' || severity === 'critical') &&
  principal === 'system:serviceaccount:shop:inventory' &&
  sources.some(({ address }) => address.startsWith('10.10.'));

function withoutTimestamp(document: unknown): unknown {
  const { '@timestamp': _, ...rest } = document as Record<string, unknown>;
  return rest;
}

const mappingsOf = (body: object): object | undefined => (body as { template: { mappings: object } }).template.mappings;

/** The paths of all fields of a mapping. */
function fieldsOf(mapping: unknown, within = ''): string[] {
  const { properties = {} } = mapping as { properties?: Record<string, unknown> };
  return Object.entries(properties)
    .flatMap(([name, field]) => [`${within}${name}`, ...fieldsOf(field, `${within}${name}.`)])
    .toSorted();
}
