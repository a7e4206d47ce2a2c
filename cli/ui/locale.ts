/** Whether a terminal of this environment shows more than ASCII, as POSIX has it: the first of these that is set counts. */
export function speaksUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}
