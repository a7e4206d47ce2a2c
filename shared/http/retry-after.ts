/**
 * What `Retry-After` says (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @param now milliseconds since 1970
 * @returns milliseconds; undefined if it says nothing that can be read
 */
export function retryAfter(header: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = /^[A-Za-z]{3},? .* GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
