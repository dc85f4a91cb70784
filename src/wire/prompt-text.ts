/** Of a medium only the beginning may be found in a message. */
const MAX_MEDIUM = 4096;
const MAX_DEPTH = 12;

/** All the text of a request in one string: what must not come back in an error message. */
export function promptText(request: unknown): string {
  const parts: string[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    if (typeof value === 'string') parts.push(isMedium(value) ? value.slice(0, MAX_MEDIUM) : value);
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) visit(inner, depth + 1);
  };
  visit(request, 0);
  return parts.join('\n');
}

/** A data URI, or Base64 alone. */
const isMedium = (text: string): boolean =>
  text.length > MAX_MEDIUM && (/^data:[\w.+/-]{0,100};base64,/i.test(text) || !/[^\w+/=-]/.test(text));
