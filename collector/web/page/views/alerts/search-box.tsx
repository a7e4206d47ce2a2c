/** Filters as one types; `/` goes to it from anywhere. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AddressState } from '../../parts/address.ts';

const PAUSE_MS = 200;
const LONGEST = 256;

export function SearchBox({ address }: { address: AddressState }) {
  const asked = address.of('q') ?? '';
  const [typed, setTyped] = useState(asked);
  const sent = useRef(asked);
  const box = useRef<HTMLInputElement>(null);

  // Somebody went back, or took the filters away.
  useEffect(() => {
    if (asked === sent.current) return;
    sent.current = asked;
    setTyped(asked);
  }, [asked]);
  useEffect(() => {
    const text = typed.trim();
    if (text === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = text;
      address.set({ q: text }, { replace: true });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      box.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <input
      ref={box}
      type="search"
      class="alerts-search"
      aria-label="Filter alerts"
      aria-keyshortcuts="/"
      placeholder="Filter: account, address, title…  ( / )"
      maxLength={LONGEST}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
}

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input:not([type=checkbox], [type=radio]), select, textarea') !== null;
