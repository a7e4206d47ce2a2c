/** A path of our own, as whoever logs in is to be led back to: no text can lead elsewhere. */
const ELSEWHERE = 'https://elsewhere.invalid';
const MAX_CHARS = 1500;

/** @returns path, query and fragment; undefined: this is none */
export function ownPath(text: string): string | undefined {
  // Browsers take `\` for `/`, and leave tabs and line ends out.
  if (text.length > MAX_CHARS || !/^\/(?!\/)[\x21-\x7e]*$/.test(text) || text.includes('\\')) return undefined;
  if (!URL.canParse(text, ELSEWHERE)) return undefined;
  const { origin, pathname, search, hash } = new URL(text, ELSEWHERE);
  // `/.//elsewhere` is `//elsewhere` once its dots are gone.
  if (origin !== ELSEWHERE || pathname.startsWith('//')) return undefined;
  return pathname + search + hash;
}
