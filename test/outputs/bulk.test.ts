/** What single items of a bulk answer mean. */
import { describe, expect, test } from 'vitest';
import { bulkBody, outcomesOf } from '../../collector/outputs/elasticsearch/bulk.ts';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import { summary } from '../formats/support/notices.ts';
import { message } from './output-contract.ts';

const target = { index: 'truant-alerts', mode: 'latest' as const };
const messages = [message('a1'), message('a2')];

const answer = (...items: object[]): string =>
  JSON.stringify({ errors: true, items: items.map((item) => ({ index: item })) });

const outcomes = (text: string) => outcomesOf(text, messages, target, 'https://es.example');

describe('items of a bulk answer', () => {
  test.each([
    { status: 401, reason: 'authorisation', of: 'output' },
    { status: 403, type: 'security_exception', reason: 'authorisation', of: 'output' },
    { status: 403, type: 'cluster_block_exception', reason: 'busy', of: 'output' },
    { status: 404, type: 'index_not_found_exception', reason: 'not-found', of: 'output' },
    { status: 429, type: 'es_rejected_execution_exception', reason: 'busy', of: 'output' },
    { status: 500, type: 'exception', reason: 'peer', of: 'output' },
    { status: 503, type: 'unavailable_shards_exception', reason: 'peer', of: 'output' },
    { status: 400, type: 'invalid_index_name_exception', reason: 'protocol', of: 'output' },
  ])('$status $type: all of it again', ({ status, type, reason, of }) => {
    const item = { status, error: { ...(type !== undefined && { type }), reason: 'because' } };
    for (const text of [answer({ status: 201 }, item), answer(item, { status: 400, error: { type: 'x' } })]) {
      expect(() => outcomes(text)).toThrow(OutputFailure);
      expect(() => outcomes(text)).toThrow(expect.objectContaining({ reason, of }));
    }
  });

  test.each([
    { status: 400, type: 'document_parsing_exception', reason: 'rejected' },
    { status: 400, type: 'strict_dynamic_mapping_exception', reason: 'rejected' },
    { status: 413, type: 'x', reason: 'too-large' },
  ])('$status $type: that one is refused', ({ status, type, reason }) => {
    const [first, second] = outcomes(answer({ status: 200 }, { status, error: { type, reason: 'because' } }));
    expect(first).toBeUndefined();
    expect(second).toMatchObject({ reason, of: 'message' });
    expect(second?.message).toContain('because');
  });

  test.each([200, 201, 409])('%i: it is there', (status) => {
    expect(outcomes(answer({ status }, { status }))).toEqual([undefined, undefined]);
  });

  test.each([
    '',
    'not JSON',
    '{}',
    '[]',
    'null',
    '{"errors":false}',
    '{"errors":false,"items":[]}',
    '{"errors":false,"items":[{},{}]}',
    '{"errors":false,"items":[{"index":{"status":200}}]}',
    '{"errors":false,"items":[{"index":{"status":"200"}},{"index":{"status":200}}]}',
  ])('%s is no answer', (text) => {
    expect(() => outcomes(text)).toThrow(expect.objectContaining({ reason: 'protocol', of: 'output' }));
  });
});

test('a summary is a document by its own id, and @timestamp is given once', () => {
  const text = '{"@timestamp":"2030-01-01T00:00:00Z","x":1}';
  const lines = bulkBody([{ notice: summary, text }], target).split('\n');
  expect(lines).toEqual([JSON.stringify({ index: { _index: 'truant-alerts', _id: summary.id } }), text, '']);
});
