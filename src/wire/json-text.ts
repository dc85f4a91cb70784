/** The value of a JSON text; `undefined` where it is none. */
export function parseJSON(text: string): unknown {
  const first = text.trimStart()[0];
  if (first === undefined || first === '<') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as JSON; `''` where it is nested too deeply to be written. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** Whether a text that is no JSON looks like JSON that broke off, rather than like something else. */
export function looksCut(text: string): boolean {
  const trimmed = text.trim();
  return (trimmed.startsWith('{') && !trimmed.endsWith('}')) || (trimmed.startsWith('[') && !trimmed.endsWith(']'));
}

/** The start of a text on one line, for a message. */
export function excerpt(text: string, length = 80): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
