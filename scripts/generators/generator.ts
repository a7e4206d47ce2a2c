/** A file that is made from the code. Adding one: write a function that returns it and name it in `../generate.ts`. */
export interface Generated {
  /** Relative to the repository. */
  path: string;
  content: string;
}

export type Generator = () => Generated | Promise<Generated>;

/** Text within a cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
