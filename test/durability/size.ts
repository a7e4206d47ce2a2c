/** How much is put through: continuous integration asks for all of it, `npm test` for what takes a minute. */
export const TOTAL = Number(process.env['TRUANT_TEST_OBSERVATIONS'] ?? 20_000);
/** How often each process is killed meanwhile. */
export const KILLS = Number(process.env['TRUANT_TEST_KILLS'] ?? 5);
