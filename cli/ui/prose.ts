/** Text for people, within a width; text from outside can do no more than be read. */
import { printable } from '../../shared/text.ts';
import { formatTime, type Micros } from '../../shared/time.ts';
import type { Style } from './style.ts';
import { wrap } from './width.ts';

/** Wider than this, lines are hard to read. */
const MAX_WIDTH = 110;
const FACT_INDENT = ' '.repeat(14);

export interface Prose {
  /** @param first what the first line begins with instead of the indent; its visible width is the indent's */
  flow(text: string, indent: string, first?: string): string[];
  /** A named fact; none without text. */
  fact(name: string, text: string): string[];
}

export function createProse(style: Style, width: number): Prose {
  const room = Math.min(width, MAX_WIDTH);
  const flow: Prose['flow'] = (text, indent, first = indent) =>
    wrap(printable(text), room - indent.length).map((line, index) => (index === 0 ? first : indent) + line);
  return {
    flow,
    fact: (name, text) =>
      text === '' ? [] : flow(text, FACT_INDENT, `  ${style.dim(name.padEnd(FACT_INDENT.length - 2))}`),
  };
}

/** `2030-01-31T12:00:00Z` */
export function toSecond(time: string | Micros): string {
  return (typeof time === 'string' ? time : formatTime(time)).replace(/\.\d+/, '');
}

/** `2030-01-31`, in UTC. */
export const dayOf = (time: Micros): string => formatTime(time).slice(0, 10);

/** `12:00:00`, in UTC. */
export const timeOfDay = (time: Micros): string => formatTime(time).slice(11, 19);

export function bindingText({
  pod,
  node,
}: {
  pod?: { namespace: string; name: string } | undefined;
  node?: { name: string } | undefined;
}): string {
  const places = [pod && `pod ${pod.namespace}/${pod.name}`, node && `node ${node.name}`];
  return places.filter((place) => place !== undefined).join(' on ');
}
