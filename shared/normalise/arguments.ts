import { clean } from './scrub.ts';

const MAX_WORDS = 32;
const MAX_WORD = 256;

/** A command line as it is kept: at most 32 words of 256 characters, without secrets, also those split over two words. */
export function cleanArgs(args: readonly string[]): string[] {
  const kept = args.slice(0, MAX_WORDS).map((word) => clean(word, MAX_WORD));
  return kept.map((word, at) => (NAMES_SECRET.test(kept[at - 1] ?? '') ? SCRUBBED_WORD : word));
}

/** `--token VALUE`: the value alone is not to be told from anything else. */
const NAMES_SECRET = /^--?(?:[a-z]+[-_])*(?:token|password|passwd|secret|bearer|api[-_]?key|jwt)$/i;
const SCRUBBED_WORD = '[scrubbed]';
