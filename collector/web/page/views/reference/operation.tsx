/** One operation: closed it is a line, open it is all that one has to know to call it. */
import { useState } from 'preact/hooks';
import { CopyButton } from '../../parts/copy.tsx';
import { Table } from '../../parts/table.tsx';
import { curlOf } from './curl.ts';
import type { Content, Operation, Parameter } from './open-api.ts';
import { Prose, Words } from './prose.tsx';
import { type Field, shapeOf } from './schema.ts';

interface OperationProps {
  operation: Operation;
  document: unknown;
}

export function OperationCard({ operation, document }: OperationProps) {
  const { id, method, path, summary } = operation;
  const [open, setOpen] = useState(false);
  return (
    <details class="card operation" id={id} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class={`badge method-${method.toLowerCase()}`}>{method}</span> <code>{path}</code>{' '}
        <span class="operation-summary">{summary}</span>
      </summary>
      {open && <Opened operation={operation} document={document} />}
    </details>
  );
}

function Opened({ operation, document }: OperationProps) {
  const { description, parameters, body, bodyRequired, answers } = operation;
  const curl = curlOf(document, operation, location.origin);
  return (
    <div class="operation-body">
      {description && <Prose text={description} />}
      {parameters.length > 0 && <Parameters parameters={parameters} document={document} />}
      {body.length > 0 && (
        <section>
          <h3>Body{bodyRequired ? '' : ' (may be left out)'}</h3>
          <Contents contents={body} document={document} />
        </section>
      )}
      <section>
        <h3>Answers</h3>
        {answers.map(({ status, description, content }) => (
          <details key={status} class="answer" open={status.startsWith('2')}>
            <summary>
              <code>{status}</code> <Words text={description} />
            </summary>
            <Contents contents={content} document={document} />
          </details>
        ))}
      </section>
      <section>
        <h3>
          Example <CopyButton text={curl} label="Copy the example" />
        </h3>
        <pre tabIndex={0} aria-label="Example">
          {curl}
        </pre>
      </section>
    </div>
  );
}

function Parameters({ parameters, document }: { parameters: readonly Parameter[]; document: unknown }) {
  return (
    <section>
      <h3>Parameters</h3>
      <Table label="Parameters" heads={['name', 'in', 'what']}>
        <tbody>
          {parameters.map((parameter) => {
            const { says, description } = shapeOf(document, parameter.schema);
            const said = parameter.description ?? description;
            return (
              <tr key={`${parameter.in} ${parameter.name}`}>
                <td>
                  <code>{parameter.name}</code>
                  {parameter.required && <span class="needed">required</span>}
                </td>
                <td>{parameter.in}</td>
                <td>
                  {said && (
                    <div>
                      <Words text={said} />
                    </div>
                  )}
                  <span class="soft">{says}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </Table>
    </section>
  );
}

function Contents({ contents, document }: { contents: readonly Content[]; document: unknown }) {
  return (
    <>
      {contents.map(({ type, schema }) => (
        <div key={type}>
          <code class="soft">{type}</code>
          {schema !== undefined && <Schema schema={schema} document={document} />}
        </div>
      ))}
    </>
  );
}

/** What a schema is made of is looked at when somebody opens it, so that one that holds itself ends nowhere but there. */
function Schema({ schema, document }: { schema: unknown; document: unknown }) {
  const { says, description, fields } = shapeOf(document, schema);
  return (
    <>
      {description && <Prose text={description} />}
      {fields.length === 0 ? <p class="soft">{says}</p> : <Fields fields={fields} document={document} />}
    </>
  );
}

function Fields({ fields, document }: { fields: readonly Field[]; document: unknown }) {
  return (
    <ul class="fields-of">
      {fields.map((field) => (
        <FieldLine key={field.name} field={field} document={document} />
      ))}
    </ul>
  );
}

function FieldLine({ field: { name, required, schema }, document }: { field: Field; document: unknown }) {
  const [open, setOpen] = useState(false);
  const { says, description, fields } = shapeOf(document, schema);
  const line = (
    <>
      <code>{name}</code> <span class="soft">{says}</span>
      {!required && <span class="soft">, may be left out</span>}
    </>
  );
  return (
    <li>
      {fields.length === 0 ? (
        line
      ) : (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{line}</summary>
          {open && <Fields fields={fields} document={document} />}
        </details>
      )}
      {description && (
        <div>
          <Words text={description} />
        </div>
      )}
    </li>
  );
}
