/** One command against a collector of its own. */
import { type Answer, type Asked, fakeCollector } from './fake-collector.ts';
import { type Ran, truant } from './harness.ts';

export interface Told extends Ran {
  asked: Asked[];
  /** Each line of the output. */
  lines: string[];
}

/** @param answer by the path that is asked for, without its query; or whatever is asked */
export async function ask(
  args: string[],
  answer: Answer | Record<string, Answer> | ((url: URL, asked: Asked) => Answer),
  options: Parameters<typeof truant>[1] = {},
): Promise<Told> {
  const collector = await fakeCollector(answering(answer));
  try {
    const ran = await truant([...args, '--url', collector.url], options);
    return { ...ran, asked: collector.asked, lines: ran.stdout.trimEnd().split('\n') };
  } finally {
    await collector.close();
  }
}

function answering(answer: Parameters<typeof ask>[1]): (url: URL, asked: Asked) => Answer {
  if (typeof answer === 'function') return answer;
  if ('body' in answer) return () => answer as Answer;
  return ({ pathname }) => answer[pathname] ?? { status: 404, body: { detail: `There is no ${pathname}.` } };
}
