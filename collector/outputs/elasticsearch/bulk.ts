/** What the bulk API is sent, and what its answers mean: of Elasticsearch and OpenSearch alike. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OutputSettings } from '../../../shared/config/outputs.ts';
import type { Notice } from '../../../shared/formats/notice.ts';
import { itSays, OutputFailure } from '../failure.ts';
import type { Message, Outcome } from '../output.ts';

type Target = Pick<NonNullable<OutputSettings['elasticsearch']>, 'index' | 'mode'>;

/** Of the answer no more than is looked at: whole errors repeat much of a document. */
export const FILTER_PATH = [
  'errors',
  'items.*.status',
  'items.*.error.type',
  'items.*.error.reason',
  'items.*.error.caused_by.reason',
].join(',');

/** What an `_id` may have, in UTF-8. */
const MAX_ID_BYTES = 512;

/** Lines of JSON: of each message what to do with it, then the document. */
export function bulkBody(messages: readonly Message[], target: Target): string {
  return messages
    .map(({ notice, text }) => `${JSON.stringify(action(notice, target))}\n${withTimestamp(text, notice)}\n`)
    .join('');
}

/** Sent again, each comes to the same: a document that is there already, or an older one over a newer, is refused. */
function action(notice: Notice, { index, mode }: Target): object {
  if (mode === 'append') return { create: { _index: index, _id: idOf(notice.id) } };
  if (notice.kind === 'summary') return { index: { _index: index, _id: idOf(notice.id) } };
  const { cluster, id, revision } = notice.alert;
  // Not `external`: one revision can be told of twice, as that the alert is new and that it is closed.
  const newest = { version: revision, version_type: 'external_gte' };
  return { index: { _index: index, _id: idOf(`${cluster}/${id}`), ...newest } };
}

const idOf = (name: string): string =>
  Buffer.byteLength(name) <= MAX_ID_BYTES ? name : createHash('sha256').update(name).digest('hex');

/** Data streams want it, and so do dashboards; of the formats ECS alone has it. */
function withTimestamp(text: string, notice: Notice): string {
  if (text.startsWith('{"@timestamp":')) return text;
  const time = notice.kind === 'alert' ? notice.alert.updatedAt : notice.until;
  return `{"@timestamp":${JSON.stringify(time)},${text.slice(1)}`;
}

const ItemError = z.object({
  type: z.string().default(''),
  reason: z.string().nullish(),
  caused_by: z.object({ reason: z.string().nullish() }).optional(),
});
const Item = z.object({ status: z.int(), error: ItemError.optional() });
type Item = z.infer<typeof Item>;
const BulkAnswer = z.object({ errors: z.boolean(), items: z.array(z.record(z.string(), Item)) });

/**
 * @param peer what answered, for the words
 * @throws OutputFailure of: 'output' when some of them may be taken later, or when it is no answer of that API
 */
export function outcomesOf(text: string, messages: readonly Message[], target: Target, peer: string): Outcome[] {
  const items = itemsIn(text);
  if (items?.length !== messages.length) {
    throw new OutputFailure('protocol', `${peer} does not answer as the bulk API of Elasticsearch does.`, {
      remedy: 'Look at the URL.',
    });
  }
  const outcomes = items.map((item) => outcomeOf(item, target, peer));
  const failure = outcomes.find((outcome) => outcome?.of === 'output');
  if (failure) throw failure;
  return outcomes;
}

function itemsIn(text: string): Item[] | undefined {
  try {
    return BulkAnswer.parse(JSON.parse(text)).items.map((item) => Item.parse(Object.values(item)[0]));
  } catch {
    return undefined;
  }
}

/** What is wrong with the index and not with the document, though it answers 400. */
const OF_THE_INDEX = /data stream|no write index|has more than one ind|can.?t execute this operation/i;

function outcomeOf({ status, error }: Item, { index, mode }: Target, peer: string): Outcome {
  // 409: it is there already, or a newer state of it.
  if (status < 300 || status === 409) return undefined;
  const said = [error?.type, error?.reason, error?.caused_by?.reason].filter(Boolean).join(': ');
  const words = (what: string): string => `${peer} ${what} (${status}).${itSays(said)}`;
  if (error?.type === 'cluster_block_exception') {
    return new OutputFailure('busy', words(`does not let anything be written to ${index} at the moment`), {
      remedy: 'Free disk space there, and take the block off the index if it stays.',
    });
  }
  if (status === 401 || status === 403) {
    return new OutputFailure('authorisation', words(`does not let this be written to ${index}`), {
      remedy: `Give the API key or user the rights create_doc, index and auto_configure on ${index}.`,
    });
  }
  if (status === 404) {
    return new OutputFailure('not-found', words(`has no ${index}, and makes none`), {
      remedy: `Create ${index} with the template in deploy/elasticsearch, or allow action.auto_create_index for it.`,
    });
  }
  if (status === 429) return new OutputFailure('busy', words('is sent too much'));
  if (status >= 500) return new OutputFailure('peer', words('has trouble of its own'));
  if (status === 400 && (error?.type === 'invalid_index_name_exception' || OF_THE_INDEX.test(error?.reason ?? ''))) {
    const other = mode === 'latest' ? 'Set mode to append, which data streams want, or name' : 'Name';
    return new OutputFailure('protocol', words(`cannot write to ${index} so`), {
      remedy: `${other} an index, or an alias with one index to write to.`,
    });
  }
  const reason = status === 413 ? 'too-large' : 'rejected';
  return new OutputFailure(reason, words(`does not take this message into ${index}`), {
    of: 'message',
    remedy: `Give ${index} the template in deploy/elasticsearch, and send the message again.`,
  });
}
