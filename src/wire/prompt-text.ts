const MAX_CHARS = 65_536;

/** All the text of a request in one string, bounded: what must not come back in an error message. */
export function promptText(request: unknown): string {
  const parts: string[] = [];
  let room = MAX_CHARS;
  const visit = (value: unknown, depth: number): void => {
    if (room <= 0 || depth > 12) return;
    if (typeof value === 'string') {
      parts.push(value.slice(0, room));
      room -= value.length;
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) visit(inner, depth + 1);
    }
  };
  visit(request, 0);
  return parts.join('\n');
}
