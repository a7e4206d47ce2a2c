/** The API for whoever writes programs against it, made of the document that describes it. */
import { useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import { Awaited, Empty } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { object, type Section, sectionsOf } from './open-api.ts';
import { OperationCard } from './operation.tsx';
import './reference.css';
import { Prose } from './prose.tsx';

export default function Reference() {
  useTitle('API');
  const document = useResource<unknown>('/api/v1/openapi.json');
  return (
    <div class="reference">
      <Awaited resource={document} what="the reference">
        {(answer) => <Document document={answer} />}
      </Awaited>
    </div>
  );
}

function Document({ document }: { document: unknown }) {
  const [wanted, setWanted] = useState('');
  const info = object(object(document)['info']);
  const sections = sectionsOf(document);
  const shown = sections
    .map((section) => ({ ...section, operations: section.operations.filter(matches(wanted)) }))
    .filter(({ operations }) => operations.length > 0);
  return (
    <>
      <header class="toolbar">
        <h1>API</h1>
        {typeof info['version'] === 'string' && <span class="soft">version {info['version']}</span>}
        <input
          type="search"
          aria-label="Filter operations"
          placeholder="Path or words"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <a href="/api/v1/openapi.json">openapi.json</a>
      </header>
      {typeof info['description'] === 'string' && <Prose text={info['description']} />}
      <nav aria-label="Parts of the API">
        {shown.map(({ tag, operations }) => (
          <a key={tag} href={`#${anchorOf(tag)}`}>
            {tag} <small>{operations.length}</small>
          </a>
        ))}
      </nav>
      {shown.length === 0 && <Empty title="No operation has these words." />}
      {shown.map((section) => (
        <Part key={section.tag} section={section} document={document} />
      ))}
    </>
  );
}

const anchorOf = (tag: string): string => `api-${tag.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;

const matches =
  (wanted: string) =>
  ({ method, path, summary, description = '' }: Section['operations'][number]): boolean =>
    `${method} ${path} ${summary} ${description}`.toLowerCase().includes(wanted.trim().toLowerCase());

function Part({ section: { tag, description, operations }, document }: { section: Section; document: unknown }) {
  return (
    <section aria-labelledby={anchorOf(tag)}>
      <h2 id={anchorOf(tag)}>{tag}</h2>
      {description && <Prose text={description} />}
      {operations.map((operation) => (
        <OperationCard key={operation.id} operation={operation} document={document} />
      ))}
    </section>
  );
}
