import { variableName } from '../../shared/config/environment.ts';
import { type Outline, outline } from '../../shared/config/outline.ts';
import { cell, type Generated } from './generator.ts';

const HEAD = `# Configuration

<!-- Made from shared/config/schema.ts by \`npm run generate\`: change it there. -->

One YAML file, named by \`--config\` or \`TRUANT_CONFIG\`, and environment variables over it. Every key has a default or is
optional, so that an empty file is valid. Unknown keys and wrong values are refused, all of them at once.
\`truant config check\` says whether a configuration is right, \`truant config print\` shows what is in force; neither shows
a secret.

An environment variable is \`TRUANT_\` and the key's names in capitals, joined by two underscores. Lists are separated by
commas or written as JSON; lists of sections are JSON. Rule ids are written with underscores:
\`TRUANT_DETECTION__RULES__TOKEN_RECON__ENABLED=false\`.

The collector is given hashes of the tokens that it accepts, never the tokens:

\`\`\`sh
echo "sha256:$(printf %s "$TOKEN" | sha256sum | cut -d ' ' -f 1)"
\`\`\`
`;

export function configurationReference(): Generated {
  const sections = [...outline.keys].map(([name, section]) => renderSection([name], section));
  return { path: 'docs/configuration.md', content: [HEAD, ...sections].join('\n') };
}

function renderSection(path: readonly string[], at: Outline): string {
  const rows = [...leaves(path, at)].map(([keyPath, leaf]) =>
    [
      `\`${keyPath.join('.').replaceAll('.[]', '[]')}\``,
      sentence(leaf),
      cell(expectation(leaf)),
      fallback(leaf),
      keyPath.includes('[]') || keyPath.includes('<id>') ? '' : `\`${variableName(keyPath)}\``,
    ].join(' | '),
  );
  return [
    `## ${path.join('.')}`,
    '',
    at.description,
    '',
    '| Key | What it does | Must be | Default | Environment |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

/** Every key below a place, depth first; the keys of a list's items as `list[].key`, of a record's as `record.<id>.key`. */
function* leaves(path: readonly string[], at: Outline): Generator<[string[], Outline]> {
  if (at.kind !== 'section') yield [[...path], at];
  for (const [name, inner] of at.keys) yield* leaves([...path, name], inner);
  if (at.items?.kind === 'section') {
    const step = at.kind === 'list' ? '[]' : '<id>';
    for (const [name, inner] of at.items.keys) yield* leaves([...path, step, name], inner);
  }
}

function sentence(leaf: Outline): string {
  return cell(leaf.secret ? `${leaf.description} Secret: never shown.` : leaf.description);
}

function expectation({ kind, expected, items }: Outline): string {
  return kind === 'list' && items && items.kind !== 'section' ? `${expected}, each ${items.expected}` : expected;
}

function fallback(leaf: Outline): string {
  if (leaf.required) return 'none: required';
  return leaf.fallback === undefined ? '' : `\`${cell(JSON.stringify(leaf.fallback))}\``;
}
