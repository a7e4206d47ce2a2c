/** A reader of CEF, written from its specification, as a receiver would: it shares nothing with the writer. */
export interface CefEvent {
  version: string;
  header: string[];
  fields: Record<string, string>;
}

export function parseCef(line: string): CefEvent {
  const start = /^CEF:(\d+)\|/.exec(line);
  if (!start?.[1]) throw new Error('no CEF');
  const header: string[] = [];
  let at = start[0].length;
  while (header.length < 6) {
    let value = '';
    for (; line[at] !== '|'; at += 1) {
      if (at >= line.length) throw new Error('the header ends early');
      if (line[at] === '\\') {
        at += 1;
        if (line[at] !== '\\' && line[at] !== '|') throw new Error(`\\${line[at]} in the header`);
      }
      value += line[at];
    }
    header.push(value);
    at += 1;
  }
  return { version: start[1], header, fields: parseExtension(line.slice(at)) };
}

/** A key goes from a blank (or the beginning) to an equals sign that is not escaped. */
function parseExtension(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  const equals: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '=') equals.push(at);
  }
  const keys = equals.map((end) => ({ end, start: text.lastIndexOf(' ', end) + 1 }));
  for (const [n, { start, end }] of keys.entries()) {
    const key = text.slice(start, end);
    if (!/^[A-Za-z0-9]+$/.test(key)) throw new Error(`${JSON.stringify(key)} is no key`);
    if (key in fields) throw new Error(`${key} is there twice`);
    const next = keys[n + 1];
    fields[key] = unescaped(text.slice(end + 1, next === undefined ? text.length : next.start - 1));
  }
  return fields;
}

function unescaped(value: string): string {
  let text = '';
  for (let at = 0; at < value.length; at += 1) {
    const char = value[at] as string;
    if (char !== '\\') {
      text += char;
      continue;
    }
    at += 1;
    const meant = { '\\': '\\', '=': '=', n: '\n', r: '\r' }[value[at] ?? ''];
    if (meant === undefined) throw new Error(`\\${value[at]} in the extension`);
    text += meant;
  }
  return text;
}
