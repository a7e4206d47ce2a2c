/** Something to copy: a command, an id. */
import { useState } from 'preact/hooks';

const SAID_FOR_MS = 1500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select it and copy by hand');
    }
    setTimeout(() => setSaid(null), SAID_FOR_MS);
  };
  return (
    <button type="button" class="quiet" aria-label={label} onClick={() => void copy()}>
      <span aria-live="polite">{said ?? 'Copy'}</span>
    </button>
  );
}
