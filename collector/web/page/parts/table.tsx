/** A table that scrolls sideways where there is no room for it, also by the keyboard. */
import type { ComponentChildren } from 'preact';

/** Of a column: its name; of numbers, which stand at the right, as `{ number }`. */
export type Head = string | { number: string; title?: string };

interface TableProps {
  label: string;
  heads: readonly Head[];
  class?: string;
  /** `tbody`, one or several. */
  children: ComponentChildren;
}

export function Table({ label, heads, class: className, children }: TableProps) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table class={className}>
        <thead>
          <tr>
            {heads.map((head) =>
              typeof head === 'string' ? (
                <th key={head} scope="col">
                  {head}
                </th>
              ) : (
                <th key={head.number} scope="col" class="number" title={head.title}>
                  {head.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        {children}
      </table>
    </div>
  );
}
