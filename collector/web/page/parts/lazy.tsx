/** Views that are fetched when they are first shown. */
export { lazy, Suspense } from 'preact/compat';
