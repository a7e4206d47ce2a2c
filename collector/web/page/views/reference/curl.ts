/** A request as a line for a shell. The token stays in a variable: nothing secret is in what is copied. */
import type { Operation } from './open-api.ts';
import { exampleOf } from './schema.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

export function curlOf(document: unknown, operation: Operation, origin: string): string {
  const { method, path, parameters, body, isOpen, answers } = operation;
  const required = parameters.filter((parameter) => parameter.in === 'query' && parameter.required);
  const query = required.map(({ name }) => `${encodeURIComponent(name)}=…`).join('&');
  const lines = ['curl -sS'];
  if (method !== 'GET') lines[0] += ` -X ${method}`;
  if (answers.some(({ content }) => content.some(({ type }) => type === 'text/event-stream'))) lines[0] += ' -N';
  if (!isOpen) lines.push('-H "Authorization: Bearer $TRUANT_TOKEN"');
  const json = body.find(({ type }) => type === 'application/json');
  if (json) {
    lines.push(`-H 'content-type: application/json'`);
    lines.push(`-d ${quoted(JSON.stringify(exampleOf(document, json.schema)))}`);
  }
  lines.push(quoted(`${origin}${path}${query === '' ? '' : `?${query}`}`));
  return lines.join(' \\\n  ');
}
