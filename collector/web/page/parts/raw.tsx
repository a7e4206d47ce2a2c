/** Something as it is, for whoever wants to see it all. */
import { printable } from '../../../../shared/text.ts';
import { CopyButton } from './copy.tsx';

export function Raw({ value, what }: { value: unknown; what: string }) {
  const text = JSON.stringify(value, null, 2).split('\n').map(printable).join('\n');
  return (
    <div class="raw">
      <CopyButton text={text} label={`Copy ${what}`} />
      <pre tabIndex={0} aria-label={what}>
        {text}
      </pre>
    </div>
  );
}
