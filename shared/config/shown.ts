import { type Outline, outline } from './outline.ts';
import type { Config } from './schema.ts';

/** A configuration as it may be shown: every secret that is set reads `[set]`. */
export function shownConfig(config: Config): unknown {
  return shown(config, outline);
}

function shown(value: unknown, at: Outline | undefined): unknown {
  if (at?.secret) return isEmpty(value) ? value : '[set]';
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => shown(item, at?.items));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, shown(inner, at?.keys.get(name) ?? at?.items)]),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
