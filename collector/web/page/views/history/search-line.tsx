/** One line for whatever somebody has at hand: it says what it takes it for before it searches. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { printable } from '../../../../../shared/text.ts';
import { type Reading, understand } from './search.ts';

export function SearchLine({ onSearch }: { onSearch(filters: Reading['filters']): void }) {
  const [typed, setTyped] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const { readings, refused } = understand(typed);
  useEffect(() => focusOnSlash(input), []);
  const search = (reading: Reading | undefined): void => {
    if (!reading) return;
    setTyped('');
    onSearch(reading.filters);
  };
  return (
    <search class="search-line">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          search(readings[0]);
        }}
      >
        <label class="unseen" for="history-search">
          Search the history
        </label>
        <input
          id="history-search"
          ref={input}
          type="search"
          autocomplete="off"
          spellcheck={false}
          placeholder="Address, JTI=…, namespace/account, pod uid, node, user agent, or verb=list resource=secrets"
          value={typed}
          aria-describedby="history-readings"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={readings.length === 0}>
          Search
        </button>
      </form>
      <div id="history-readings" class="readings" aria-live="polite">
        {refused !== undefined && <strong>{refused}</strong>}
        {readings.map((reading, at) => (
          <button key={reading.says} type="button" class="quiet" onClick={() => search(reading)}>
            {printable(reading.says)}
            {at === 0 && <kbd>Enter</kbd>}
          </button>
        ))}
      </div>
    </search>
  );
}

/** `/` goes to the search from wherever nothing is typed. */
function focusOnSlash(input: { readonly current: HTMLInputElement | null }): () => void {
  const listen = (event: KeyboardEvent): void => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.current?.focus();
  };
  document.addEventListener('keydown', listen);
  return () => document.removeEventListener('keydown', listen);
}
